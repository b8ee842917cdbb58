using System.Buffers.Binary;
using System.Numerics;

namespace Sluice.Replication;

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
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var state = ~crc;
        while (data.Length >= 3 * Lane)
        {
            state = AppendThreeLanes(state, data[..(3 * Lane)]);
            data = data[(3 * Lane)..];
        }

        while (data.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (var one in data)
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

    private static uint AppendThreeLanes(uint state, ReadOnlySpan<byte> data)
    {
        uint second = 0, third = 0;
        for (var at = 0; at < Lane; at += sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data[at..]));
            second = BitOperations.Crc32C(second, BinaryPrimitives.ReadUInt64LittleEndian(data[(at + Lane)..]));
            third = BitOperations.Crc32C(third, BinaryPrimitives.ReadUInt64LittleEndian(data[(at + 2 * Lane)..]));
        }

        return Multiply(ShiftTwoLanes, state) ^ Multiply(ShiftOneLane, second) ^ third;
    }

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
