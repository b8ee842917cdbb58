namespace Sluice.Storage.Commands;

/// <summary>The internal commands with which a gateway moves a key between shards; see <see cref="InternalCommands"/>. A record is a <see cref="StoredValue"/> as it is stored.</summary>
internal static class RecordCommands
{
    public static void Read(Keyspace keyspace, byte[][] arguments)
    {
        if (keyspace.TryFind(arguments[1], out var value))
        {
            keyspace.Reply.BulkString(Encode(value));
        }
        else
        {
            keyspace.Reply.Null();
        }
    }

    public static void Store(Keyspace keyspace, byte[][] arguments)
    {
        Replace(keyspace, arguments[1], arguments[2]);
        keyspace.Reply.Ok();
    }

    public static void Swap(Keyspace keyspace, byte[][] arguments)
    {
        var expected = arguments[2];
        var found = keyspace.TryFindForWrite(arguments[1], out var value);
        var unchanged = found ? Encode(value).AsSpan().SequenceEqual(expected) : expected.Length == 0;
        if (unchanged)
        {
            Replace(keyspace, arguments[1], arguments[3]);
        }

        keyspace.Reply.Integer(unchanged ? 1 : 0);
    }

    private static void Replace(Keyspace keyspace, byte[] key, byte[] record)
    {
        var added = record.Length == 0 ? default : StoredValue.Decode(record);
        keyspace.TryFindForWrite(key, out var old);
        if (record.Length == 0 || (added.Expiry != 0 && added.Expiry <= keyspace.Now))
        {
            keyspace.Delete(key, old.Expiry);
        }
        else
        {
            added.Payload.CopyTo(keyspace.Store(key, added.Type, added.Payload.Length, added.Expiry, old.Expiry));
        }
    }

    private static byte[] Encode(in StoredValue value)
    {
        var header = StoredValue.HeaderLength(value.Expiry);
        var record = new byte[header + value.Payload.Length];
        StoredValue.WriteHeader(record, value.Type, value.Expiry);
        value.Payload.CopyTo(record.AsSpan(header));
        return record;
    }
}
