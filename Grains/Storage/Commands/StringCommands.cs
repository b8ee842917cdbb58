namespace Sluice.Storage.Commands;

/// <summary>Commands that read and change strings.</summary>
internal static class StringCommands
{
    public static void Get(Keyspace keyspace, byte[][] arguments)
    {
        if (!keyspace.TryReplyString(arguments[1], null, out var isOtherType))
        {
            RequireString(isOtherType);
            keyspace.Reply.Null();
        }
    }

    public static void GetDel(Keyspace keyspace, byte[][] arguments)
    {
        if (!keyspace.TryFindStringForWrite(arguments[1], out var value))
        {
            keyspace.Reply.Null();
            return;
        }

        keyspace.Reply.BulkString(value.Payload);
        keyspace.Delete(arguments[1], value.Expiry);
    }

    public static void MGet(Keyspace keyspace, byte[][] arguments)
    {
        keyspace.Reply.Array(arguments.Length - 1);
        foreach (var key in arguments.AsSpan(1))
        {
            // MGET, unlike GET, replies null for a key of another type.
            if (!keyspace.TryReplyString(key, null, out _))
            {
                keyspace.Reply.Null();
            }
        }
    }

    public static void StrLen(Keyspace keyspace, byte[][] arguments) =>
        keyspace.Reply.Integer(keyspace.TryFindStringHead(arguments[1], out var head) ? head.PayloadLength : 0);

    public static void Append(Keyspace keyspace, byte[][] arguments)
    {
        keyspace.TryFindStringForWrite(arguments[1], out var value);
        var old = value.Payload;
        var suffix = arguments[2];
        SetCommands.CheckLength((long)old.Length + suffix.Length);
        var span = keyspace.Store(arguments[1], old.Length + suffix.Length, value.Expiry, value.Expiry);
        old.CopyTo(span);
        suffix.CopyTo(span[old.Length..]);
        keyspace.Reply.Integer(span.Length);
    }

    public static void GetRange(Keyspace keyspace, byte[][] arguments)
    {
        var start = RedisNumber.Parse(arguments[2]);
        var end = RedisNumber.Parse(arguments[3]);
        if (!keyspace.TryReplyString(arguments[1], length => Part(start, end, length), out var isOtherType))
        {
            RequireString(isOtherType);
            keyspace.Reply.BulkString([]);
        }
    }

    public static void SetRange(Keyspace keyspace, byte[][] arguments)
    {
        var offset = RedisNumber.Parse(arguments[2]);
        var patch = arguments[3];
        if (offset < 0)
        {
            throw new CommandException(RedisErrors.OffsetOutOfRange);
        }

        keyspace.TryFindStringForWrite(arguments[1], out var value);
        var old = value.Payload;
        if (patch.Length == 0)
        {
            keyspace.Reply.Integer(old.Length);
            return;
        }

        // Not their sum: that of the largest offset would overflow.
        if (offset > Keyspace.MaxStringLength - patch.Length)
        {
            throw new CommandException(RedisErrors.StringTooLong);
        }

        var span = keyspace.Store(arguments[1], Math.Max(old.Length, (int)offset + patch.Length), value.Expiry, value.Expiry);
        old.CopyTo(span);
        if (offset > old.Length)
        {
            span[old.Length..(int)offset].Clear();
        }

        patch.CopyTo(span[(int)offset..]);
        keyspace.Reply.Integer(span.Length);
    }

    /// <summary>What GETRANGE means by its two numbers, either of which may count from the end.</summary>
    private static Range Part(long start, long end, int length)
    {
        if (start < 0 && end < 0 && start > end)
        {
            return 0..0;
        }

        start = Math.Max(start < 0 ? start + length : start, 0);
        end = Math.Min(Math.Max(end < 0 ? end + length : end, 0), length - 1);
        return start > end ? 0..0 : (int)start..(int)(end + 1);
    }

    private static void RequireString(bool isOtherType)
    {
        if (isOtherType)
        {
            throw new CommandException(RedisErrors.WrongType);
        }
    }
}
