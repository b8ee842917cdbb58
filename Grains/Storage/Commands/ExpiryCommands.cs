using System.Text;

namespace Sluice.Storage.Commands;

/// <summary>Commands about when keys expire.</summary>
internal static class ExpiryCommands
{
    public static void Ttl(Keyspace keyspace, byte[][] arguments) => Remaining(keyspace, arguments[1], relative: true, inSeconds: true);

    public static void PTtl(Keyspace keyspace, byte[][] arguments) => Remaining(keyspace, arguments[1], relative: true, inSeconds: false);

    public static void ExpireTime(Keyspace keyspace, byte[][] arguments) => Remaining(keyspace, arguments[1], relative: false, inSeconds: true);

    public static void PExpireTime(Keyspace keyspace, byte[][] arguments) => Remaining(keyspace, arguments[1], relative: false, inSeconds: false);

    public static void Expire(Keyspace keyspace, byte[][] arguments) => ExpireAt(keyspace, arguments, inSeconds: true, keyspace.Now, "expire");

    public static void PExpire(Keyspace keyspace, byte[][] arguments) => ExpireAt(keyspace, arguments, inSeconds: false, keyspace.Now, "pexpire");

    public static void ExpireAt(Keyspace keyspace, byte[][] arguments) => ExpireAt(keyspace, arguments, inSeconds: true, 0, "expireat");

    public static void PExpireAt(Keyspace keyspace, byte[][] arguments) => ExpireAt(keyspace, arguments, inSeconds: false, 0, "pexpireat");

    public static void Persist(Keyspace keyspace, byte[][] arguments)
    {
        var has = keyspace.TryFindForWrite(arguments[1], out var value) && value.Expiry != 0;
        if (has)
        {
            SetExpiry(keyspace, arguments[1], value, 0);
        }

        keyspace.Reply.Integer(has ? 1 : 0);
    }

    private static void Remaining(Keyspace keyspace, byte[] key, bool relative, bool inSeconds)
    {
        if (!keyspace.TryFindHead(key, out var value))
        {
            keyspace.Reply.Integer(-2);
            return;
        }

        if (value.Expiry == 0)
        {
            keyspace.Reply.Integer(-1);
            return;
        }

        var milliseconds = relative ? Math.Max(value.Expiry - keyspace.Now, 0) : value.Expiry;
        // Redis rounds seconds to the nearest.
        keyspace.Reply.Integer(inSeconds ? (milliseconds / 1000) + (milliseconds % 1000 >= 500 ? 1 : 0) : milliseconds);
    }

    private static void ExpireAt(Keyspace keyspace, byte[][] arguments, bool inSeconds, long reference, string command)
    {
        var conditions = Conditions.Read(arguments);
        var when = RedisNumber.Parse(arguments[2]);
        if (inSeconds)
        {
            if (when is > long.MaxValue / 1000 or < long.MinValue / 1000)
            {
                throw new CommandException(RedisErrors.InvalidExpire(command));
            }

            when *= 1000;
        }

        if (when > long.MaxValue - reference)
        {
            throw new CommandException(RedisErrors.InvalidExpire(command));
        }

        when += reference;
        if (!keyspace.TryFindForWrite(arguments[1], out var value) || !conditions.Allow(when, value.Expiry))
        {
            keyspace.Reply.Integer(0);
            return;
        }

        if (when <= keyspace.Now)
        {
            keyspace.Delete(arguments[1], value.Expiry);
        }
        else
        {
            SetExpiry(keyspace, arguments[1], value, when);
        }

        keyspace.Reply.Integer(1);
    }

    private static void SetExpiry(Keyspace keyspace, byte[] key, in StoredValue value, long expiry)
    {
        var payload = value.Payload;
        payload.CopyTo(keyspace.Store(key, value.Type, payload.Length, expiry, value.Expiry));
    }

    /// <summary>NX, XX, GT and LT of the EXPIRE family.</summary>
    private readonly record struct Conditions(bool OnlyIfNone, bool OnlyIfSome, bool OnlyIfLater, bool OnlyIfEarlier)
    {
        public static Conditions Read(byte[][] arguments)
        {
            var conditions = default(Conditions);
            foreach (var word in arguments.AsSpan(3))
            {
                conditions = word switch
                {
                    _ when Keyword.Is(word, "NX") => conditions with { OnlyIfNone = true },
                    _ when Keyword.Is(word, "XX") => conditions with { OnlyIfSome = true },
                    _ when Keyword.Is(word, "GT") => conditions with { OnlyIfLater = true },
                    _ when Keyword.Is(word, "LT") => conditions with { OnlyIfEarlier = true },
                    _ => throw new CommandException($"ERR Unsupported option {Encoding.UTF8.GetString(word)}"),
                };
            }

            if (conditions.OnlyIfNone && (conditions.OnlyIfSome || conditions.OnlyIfLater || conditions.OnlyIfEarlier))
            {
                throw new CommandException(RedisErrors.ExpireNxConflict);
            }

            return conditions.OnlyIfLater && conditions.OnlyIfEarlier ? throw new CommandException(RedisErrors.ExpireGtLtConflict) : conditions;
        }

        /// <summary>Whether an expiry may take the place of the current one; a key without expiry counts as one that expires never.</summary>
        public bool Allow(long when, long current) =>
            !(OnlyIfNone && current != 0)
            && !(OnlyIfSome && current == 0)
            && !(OnlyIfLater && (current == 0 || when <= current))
            && !(OnlyIfEarlier && current != 0 && when >= current);
    }
}
