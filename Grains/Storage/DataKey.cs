using System.Buffers.Binary;

namespace Sluice.Storage;

/// <summary>
/// How a user's key is kept in the <c>default</c> column family (persisted: frozen by golden tests):
/// <code>[slot: u16 big-endian][CRC-32C of the user's key: u32 big-endian][the user's key]</code>
/// The first six bytes, as a number of 46 bits, are the key's <i>position</i>. Positions are what a SCAN cursor holds: a cursor needs no state on the
/// server, keys come in an order that no insertion or deletion disturbs, and slot ranges stay contiguous, so that a shard is one range and
/// a random position is a fair draw.
/// </summary>
internal static class DataKey
{
    /// <summary>Bytes before the user's key.</summary>
    public const int PrefixLength = 6;

    /// <summary>One more than the highest position: 16,384 slots of 2^32 hashes.</summary>
    public const ulong PositionCount = (ulong)HashSlot.Count << 32;

    /// <summary>The first key that no data key reaches: the end of a range over all of them.</summary>
    public static ReadOnlySpan<byte> End => [HashSlot.Count >> 8, 0];

    /// <summary>Writes the data key of a user's key; returns its length.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> userKey)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)HashSlot.Of(userKey));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], Crc32C.Compute(userKey));
        userKey.CopyTo(destination[PrefixLength..]);
        return PrefixLength + userKey.Length;
    }

    /// <summary>Writes the smallest data key at a position.</summary>
    public static void WritePosition(Span<byte> destination, ulong position)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(position >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)position);
    }

    /// <summary>The position of a data key.</summary>
    public static ulong Position(ReadOnlySpan<byte> dataKey) =>
        ((ulong)BinaryPrimitives.ReadUInt16BigEndian(dataKey) << 32) | BinaryPrimitives.ReadUInt32BigEndian(dataKey[2..]);

    /// <summary>The user's key within a data key.</summary>
    public static ReadOnlySpan<byte> UserKey(ReadOnlySpan<byte> dataKey) => dataKey[PrefixLength..];
}
