namespace Sluice.Storage.Commands;

/// <summary>Commands about keys of whatever type.</summary>
internal static class KeyCommands
{
    public static void Del(Keyspace keyspace, byte[][] arguments)
    {
        var deleted = 0;
        foreach (var key in arguments.AsSpan(1))
        {
            if (keyspace.TryFindHeadForWrite(key, out var head))
            {
                keyspace.Delete(key, head.Expiry);
                deleted++;
            }
        }

        keyspace.Reply.Integer(deleted);
    }

    public static void Exists(Keyspace keyspace, byte[][] arguments)
    {
        var found = 0;
        foreach (var key in arguments.AsSpan(1))
        {
            found += keyspace.TryFindHead(key, out _) ? 1 : 0;
        }

        keyspace.Reply.Integer(found);
    }

    public static void Type(Keyspace keyspace, byte[][] arguments) =>
        keyspace.Reply.SimpleString(keyspace.TryFindHead(arguments[1], out var head) ? StoredValue.NameOf(head.Type) : "none");

    public static void Rename(Keyspace keyspace, byte[][] arguments)
    {
        Move(keyspace, arguments, onlyIfMissing: false);
        keyspace.Reply.Ok();
    }

    public static void RenameNx(Keyspace keyspace, byte[][] arguments) =>
        keyspace.Reply.Integer(Move(keyspace, arguments, onlyIfMissing: true) ? 1 : 0);

    private static bool Move(Keyspace keyspace, byte[][] arguments, bool onlyIfMissing)
    {
        var (source, target) = (arguments[1], arguments[2]);
        if (!keyspace.TryFindHeadForWrite(source, out _))
        {
            throw new CommandException(RedisErrors.NoSuchKey);
        }

        if (source.AsSpan().SequenceEqual(target))
        {
            return !onlyIfMissing;
        }

        // The target first: a found value holds only until the next look-up.
        var found = keyspace.TryFindHeadForWrite(target, out var old);
        var oldExpiry = old.Expiry;
        if (found && onlyIfMissing)
        {
            return false;
        }

        keyspace.TryFindForWrite(source, out var value);
        var payload = value.Payload;
        payload.CopyTo(keyspace.Store(target, value.Type, payload.Length, value.Expiry, oldExpiry));
        keyspace.Delete(source, value.Expiry);
        return true;
    }
}
