using RocksDbSharp;

namespace Sluice.Storage.Commands;

/// <summary>What became of a look-up whose value is replied.</summary>
internal enum Lookup
{
    Missing = 0,
    Replied,
    OtherType,
}

/// <summary>Replies with a value where it lies in RocksDB's memory.</summary>
internal sealed class ValueReplier(Keyspace keyspace) : ISpanDeserializer<Lookup>
{
    public Func<int, Range>? Part { get; set; }

    public Lookup Deserialize(ReadOnlySpan<byte> stored)
    {
        var value = StoredValue.Decode(stored);
        if (value.HasExpired(keyspace.Now))
        {
            return Lookup.Missing;
        }

        if (value.Type != StoredType.String)
        {
            return Lookup.OtherType;
        }

        keyspace.Reply.BulkString(Part is null ? value.Payload : value.Payload[Part(value.Payload.Length)]);
        return Lookup.Replied;
    }
}

/// <summary>Reads a value's head where it lies in RocksDB's memory.</summary>
internal sealed class HeadReader : ISpanDeserializer<StoredHead>
{
    public static readonly HeadReader Instance = new();

    public StoredHead Deserialize(ReadOnlySpan<byte> stored) => StoredValue.Decode(stored).Head;
}

/// <summary>Takes a value over from RocksDB's memory into a buffer that is used again for the next one.</summary>
internal sealed class ValueReader : ISpanDeserializer<bool>
{
    private const int KeptBytes = 1 << 20;
    private byte[] buffer = new byte[8192];
    private int length;

    public ReadOnlySpan<byte> Value => buffer.AsSpan(0, length);

    /// <summary>Lets go of a large value.</summary>
    public void Forget()
    {
        if (buffer.Length > KeptBytes)
        {
            buffer = new byte[8192];
        }
    }

    public bool Deserialize(ReadOnlySpan<byte> stored)
    {
        length = stored.Length;
        if (length > buffer.Length)
        {
            buffer = new byte[Math.Max(8192, length)];
        }

        stored.CopyTo(buffer);
        return true;
    }
}
