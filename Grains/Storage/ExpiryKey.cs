using System.Buffers.Binary;

namespace Sluice.Storage;

/// <summary>
/// A key of the <c>expires</c> column family, the index of what expires when (persisted: frozen by golden tests):
/// <code>[expiry in Unix milliseconds: u64 big-endian][data key]</code> with an empty value. An entry may be stale: the key was overwritten, or its expiry changed. Only
/// an entry whose expiry is the one stored with the value says anything.
/// </summary>
internal static class ExpiryKey
{
    /// <summary>Bytes before the data key.</summary>
    public const int PrefixLength = 8;

    /// <summary>The first key that no entry reaches (expiries are positive signed numbers): the end of a range over all of them.</summary>
    public static ReadOnlySpan<byte> End => [0x80];

    /// <summary>Writes the entry of a data key; returns its length.</summary>
    public static int Write(Span<byte> destination, long expiryMilliseconds, ReadOnlySpan<byte> dataKey)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, expiryMilliseconds);
        dataKey.CopyTo(destination[PrefixLength..]);
        return PrefixLength + dataKey.Length;
    }

    /// <summary>When an entry falls due: Unix milliseconds.</summary>
    public static long Expiry(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64BigEndian(entry);

    /// <summary>The data key of an entry.</summary>
    public static ReadOnlySpan<byte> DataKey(ReadOnlySpan<byte> entry) => entry[PrefixLength..];
}
