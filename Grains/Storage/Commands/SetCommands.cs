namespace Sluice.Storage.Commands;

/// <summary>SET and its family: commands that make a string a key's value. A plain SET writes without reading.</summary>
internal static class SetCommands
{
    public static void Set(Keyspace keyspace, byte[][] arguments)
    {
        var key = arguments[1];
        var options = SetOptions.OfSet(arguments);
        CheckLength(arguments[2].Length);
        var expiry = options.ExpiryArgument == 0 ? 0 : ReadExpiry(arguments[options.ExpiryArgument], options.Form, keyspace.Now, "set");
        if (options == default)
        {
            keyspace.Store(key, arguments[2], 0, 0);
            keyspace.Reply.Ok();
            return;
        }

        var (found, oldExpiry) = LookUpOld(keyspace, key, options.Get);

        if ((options.OnlyIfMissing && found) || (options.OnlyIfPresent && !found))
        {
            if (!options.Get)
            {
                keyspace.Reply.Null();
            }

            return;
        }

        if (options.KeepExpiry)
        {
            keyspace.Store(key, arguments[2], oldExpiry, oldExpiry);
        }
        else
        {
            StoreOrExpire(keyspace, key, arguments[2], expiry, oldExpiry);
        }

        if (!options.Get)
        {
            keyspace.Reply.Ok();
        }
    }

    public static void SetEx(Keyspace keyspace, byte[][] arguments) => SetWithExpiry(keyspace, arguments, ExpiryForm.Seconds, "setex");

    public static void PSetEx(Keyspace keyspace, byte[][] arguments) => SetWithExpiry(keyspace, arguments, ExpiryForm.Milliseconds, "psetex");

    public static void SetNx(Keyspace keyspace, byte[][] arguments)
    {
        CheckLength(arguments[2].Length);
        var found = keyspace.TryFindHeadForWrite(arguments[1], out _);
        if (!found)
        {
            keyspace.Store(arguments[1], arguments[2], 0, 0);
        }

        keyspace.Reply.Integer(found ? 0 : 1);
    }

    public static void GetSet(Keyspace keyspace, byte[][] arguments)
    {
        CheckLength(arguments[2].Length);
        var found = keyspace.TryFindStringForWrite(arguments[1], out var old);
        ReplyOld(keyspace, found, old);
        keyspace.Store(arguments[1], arguments[2], 0, old.Expiry);
    }

    public static void MSet(Keyspace keyspace, byte[][] arguments)
    {
        if (arguments.Length % 2 == 0)
        {
            throw new CommandException(RedisErrors.WrongArguments("mset"));
        }

        // Before the first is stored: a command writes all or nothing.
        for (var i = 2; i < arguments.Length; i += 2)
        {
            CheckLength(arguments[i].Length);
        }

        for (var i = 1; i < arguments.Length; i += 2)
        {
            keyspace.Store(arguments[i], arguments[i + 1], 0, 0);
        }

        keyspace.Reply.Ok();
    }

    public static void GetEx(Keyspace keyspace, byte[][] arguments)
    {
        var key = arguments[1];
        var options = SetOptions.OfGetEx(arguments);
        if (!keyspace.TryFindStringForWrite(key, out var value))
        {
            keyspace.Reply.Null();
            return;
        }

        var expiry = options.ExpiryArgument == 0 ? 0 : ReadExpiry(arguments[options.ExpiryArgument], options.Form, keyspace.Now, "getex");
        keyspace.Reply.BulkString(value.Payload);
        if (expiry != 0 || (options.Persist && value.Expiry != 0))
        {
            StoreOrExpire(keyspace, key, value.Payload.ToArray(), expiry, value.Expiry);
        }
    }

    /// <summary>
    /// The moment that an expiry argument of SET, SETEX, PSETEX or GETEX means, in Unix milliseconds.
    /// </summary>
    /// <exception cref="CommandException">It is no positive number, or too far away to count.</exception>
    public static long ReadExpiry(ReadOnlySpan<byte> argument, ExpiryForm form, long now, string command)
    {
        var value = RedisNumber.Parse(argument);
        var seconds = form is ExpiryForm.Seconds or ExpiryForm.AtSeconds;
        var relative = form is ExpiryForm.Seconds or ExpiryForm.Milliseconds;
        if (value <= 0 || (seconds && value > long.MaxValue / 1000))
        {
            throw new CommandException(RedisErrors.InvalidExpire(command));
        }

        var milliseconds = seconds ? value * 1000 : value;
        if (relative && milliseconds > long.MaxValue - now)
        {
            throw new CommandException(RedisErrors.InvalidExpire(command));
        }

        return relative ? milliseconds + now : milliseconds;
    }

    /// <summary>Refuses a string longer than Redis allows.</summary>
    /// <exception cref="CommandException">It is longer.</exception>
    public static void CheckLength(long length)
    {
        if (length > Keyspace.MaxStringLength)
        {
            throw new CommandException(RedisErrors.StringTooLong);
        }
    }

    private static void SetWithExpiry(Keyspace keyspace, byte[][] arguments, ExpiryForm form, string command)
    {
        CheckLength(arguments[3].Length);
        var expiry = ReadExpiry(arguments[2], form, keyspace.Now, command);
        keyspace.TryFindHeadForWrite(arguments[1], out var old);
        StoreOrExpire(keyspace, arguments[1], arguments[3], expiry, old.Expiry);
        keyspace.Reply.Ok();
    }

    /// <summary>Stores a value, or deletes the key when the expiry has passed already: what would be gone at once is never written.</summary>
    private static void StoreOrExpire(Keyspace keyspace, ReadOnlySpan<byte> key, byte[] content, long expiry, long oldExpiry)
    {
        if (expiry != 0 && expiry <= keyspace.Now)
        {
            keyspace.Delete(key, oldExpiry);
        }
        else
        {
            keyspace.Store(key, content, expiry, oldExpiry);
        }
    }

    /// <summary>What SET must know of the value that it replaces: all of it to reply with it, else its head.</summary>
    private static (bool Found, long Expiry) LookUpOld(Keyspace keyspace, byte[] key, bool reply)
    {
        if (!reply)
        {
            return (keyspace.TryFindHeadForWrite(key, out var head), head.Expiry);
        }

        var found = keyspace.TryFindStringForWrite(key, out var old);
        ReplyOld(keyspace, found, old);
        return (found, old.Expiry);
    }

    private static void ReplyOld(Keyspace keyspace, bool found, in StoredValue old)
    {
        if (found)
        {
            keyspace.Reply.BulkString(old.Payload);
        }
        else
        {
            keyspace.Reply.Null();
        }
    }
}
