using System.Buffers.Binary;

namespace Sluice.Storage;

/// <summary>The data type of a stored value. Persisted: numbers are never reused or changed.</summary>
internal enum StoredType : byte
{
    String = 1,
    List = 2,
    Hash = 3,
    Set = 4,
    SortedSet = 5,
    Stream = 6,
}

/// <summary>All of a stored value but its payload.</summary>
/// <param name="Type">The data type.</param>
/// <param name="Expiry">Unix milliseconds after which the key is gone; 0: never.</param>
/// <param name="PayloadLength">Bytes of the payload.</param>
internal readonly record struct StoredHead(StoredType Type, long Expiry, int PayloadLength);

/// <summary>
/// How a value is kept in the <c>default</c> column family (persisted: frozen by golden tests):
/// <code>
/// [header: 1 byte] [expiry in Unix milliseconds: i64 big-endian, only if the header says so] [payload]
/// header:  bits 7-6  version of the encoding: 1   (0 is never written, 2 and 3 are for the future)
///          bit  5    1 when an expiry follows
///          bits 4-0  data type, a StoredType
/// </code>
/// A string's payload is the string. For the other types, of which this version stores none, the payload will be their metadata.
/// </summary>
internal readonly ref struct StoredValue
{
    /// <summary>The version that this code writes, and the newest it reads.</summary>
    public const int Version = 1;

    /// <summary>The longest header: with expiry.</summary>
    public const int MaxHeaderLength = 9;

    private const int ExpiryFlag = 0x20;
    private const int TypeMask = 0x1F;

    private StoredValue(StoredType type, long expiry, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Expiry = expiry;
        Payload = payload;
    }

    /// <summary>The data type.</summary>
    public StoredType Type { get; }

    /// <summary>Unix milliseconds after which the key is gone; 0: never.</summary>
    public long Expiry { get; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>All but the payload.</summary>
    public StoredHead Head => new(Type, Expiry, Payload.Length);

    /// <summary>Whether the key is gone at <paramref name="now"/> (Unix milliseconds). As in Redis, it still exists in the millisecond of its expiry.</summary>
    public bool HasExpired(long now) => Expiry != 0 && now > Expiry;

    /// <summary>Reads a stored value.</summary>
    /// <exception cref="StorageFormatException">It was written by a newer version, or is damaged.</exception>
    public static StoredValue Decode(ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty)
        {
            throw new StorageFormatException("A stored value is empty: it has not even a header. The database is damaged; copy this replica anew.");
        }

        var header = stored[0];
        if (header >> 6 != Version)
        {
            throw new StorageFormatException($"A stored value has encoding version {header >> 6}, this program reads version {Version}. Use the program that wrote it, or a newer one.");
        }

        var type = (StoredType)(header & TypeMask);
        if ((header & ExpiryFlag) == 0)
        {
            return new StoredValue(type, 0, stored[1..]);
        }

        if (stored.Length < MaxHeaderLength)
        {
            throw new StorageFormatException("A stored value ends within its expiry. The database is damaged; copy this replica anew.");
        }

        return new StoredValue(type, BinaryPrimitives.ReadInt64BigEndian(stored[1..]), stored[MaxHeaderLength..]);
    }

    /// <summary>Bytes that the header takes.</summary>
    public static int HeaderLength(long expiry) => expiry == 0 ? 1 : MaxHeaderLength;

    /// <summary>Writes a header; returns its length.</summary>
    public static int WriteHeader(Span<byte> destination, StoredType type, long expiry)
    {
        var header = (Version << 6) | (int)type;
        if (expiry == 0)
        {
            destination[0] = (byte)header;
            return 1;
        }

        destination[0] = (byte)(header | ExpiryFlag);
        BinaryPrimitives.WriteInt64BigEndian(destination[1..], expiry);
        return MaxHeaderLength;
    }

    /// <summary>The name that TYPE replies.</summary>
    public static string NameOf(StoredType type) => type switch
    {
        StoredType.String => "string",
        StoredType.List => "list",
        StoredType.Hash => "hash",
        StoredType.Set => "set",
        StoredType.SortedSet => "zset",
        StoredType.Stream => "stream",
        _ => "unknown",
    };
}
