using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) by the processor's own instruction where it has one. Checksums can be joined without their bytes, so that what was summed once for
/// a frame serves the file too.
/// </summary>
public static class Crc32C
{
    // The polynomial 0x1EDC6F41 with its bits reflected.
    private const uint Polynomial = 0x82F63B78;

    // The instruction takes three cycles but a new one can start each cycle: three lanes side by side keep it busy. Lanes of this length make joining them cheap by comparison.
    private const int Lane = 4096;

    // x^(2^n) modulo the polynomial. Joining needs n up to 3 + 62.
    private static readonly uint[] Powers = MakePowers();
    private static readonly uint ShiftOneLane = ShiftOperator(Lane);
    private static readonly uint ShiftTwoLanes = ShiftOperator(2 * Lane);

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="data"/>.</summary>
    // Compiled at once to the end: every byte of every copy passes here, and the first compilation would be ten times slower for the first gigabyte.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var state = ~crc;
        while (data.Length >= 3 * Lane)
        {
            state = AppendThreeLanes(state, data);
            data = data[(3 * Lane)..];
        }

        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, LittleEndian(word));
        }

        foreach (var one in data[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, one);
        }

        return ~state;
    }

    /// <summary>The checksum of two pieces, one after the other, from their checksums.</summary>
    /// <param name="first">Of the first piece.</param>
    /// <param name="second">Of the second piece.</param>
    /// <param name="secondLength">The second piece's length in bytes.</param>
    public static uint Combine(uint first, uint second, long secondLength) => Shift(first, secondLength) ^ second;

    /// <summary>The checksum of the second of two pieces, from the checksum of both and of the first: the inverse of <see cref="Combine"/>.</summary>
    public static uint WithoutPrefix(uint both, uint first, long secondLength) => both ^ Shift(first, secondLength);

    private static uint Shift(uint crc, long bytes) => Multiply(ShiftOperator(bytes), crc);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendThreeLanes(uint state, ReadOnlySpan<byte> data)
    {
        // Three spans of the same known length let the compiler leave out two of three bounds checks.
        const int words = Lane / sizeof(ulong);
        var first = MemoryMarshal.Cast<byte, ulong>(data[..Lane]);
        var second = MemoryMarshal.Cast<byte, ulong>(data[Lane..])[..words];
        var third = MemoryMarshal.Cast<byte, ulong>(data[(2 * Lane)..])[..words];
        uint secondState = 0, thirdState = 0;
        for (var n = 0; n < first.Length; n++)
        {
            state = BitOperations.Crc32C(state, LittleEndian(first[n]));
            secondState = BitOperations.Crc32C(secondState, LittleEndian(second[n]));
            thirdState = BitOperations.Crc32C(thirdState, LittleEndian(third[n]));
        }

        return Multiply(ShiftTwoLanes, state) ^ Multiply(ShiftOneLane, secondState) ^ thirdState;
    }

    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);

    // x^(8 * bytes) modulo the polynomial.
    private static uint ShiftOperator(long bytes)
    {
        var result = 1u << 31;
        for (var power = 3; bytes > 0; bytes >>= 1, power++)
        {
            if ((bytes & 1) != 0)
            {
                result = Multiply(Powers[power], result);
            }
        }

        return result;
    }

    // The product of two polynomials over GF(2) modulo the polynomial; the highest bit is x^0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Multiply(uint left, uint right)
    {
        uint product = 0;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            product ^= (left & bit) != 0 ? right : 0;
            right = (right >> 1) ^ ((right & 1) != 0 ? Polynomial : 0);
        }

        return product;
    }

    private static uint[] MakePowers()
    {
        var powers = new uint[68];
        powers[0] = 1u << 30;
        for (var n = 1; n < powers.Length; n++)
        {
            powers[n] = Multiply(powers[n - 1], powers[n - 1]);
        }

        return powers;
    }
}
