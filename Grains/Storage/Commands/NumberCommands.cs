using System.Text;

namespace Sluice.Storage.Commands;

/// <summary>Commands that count. They keep the key's expiry.</summary>
internal static class NumberCommands
{
    public static void Incr(Keyspace keyspace, byte[][] arguments) => Add(keyspace, arguments[1], 1);

    public static void Decr(Keyspace keyspace, byte[][] arguments) => Add(keyspace, arguments[1], -1);

    public static void IncrBy(Keyspace keyspace, byte[][] arguments) => Add(keyspace, arguments[1], RedisNumber.Parse(arguments[2]));

    public static void DecrBy(Keyspace keyspace, byte[][] arguments)
    {
        var decrement = RedisNumber.Parse(arguments[2]);
        if (decrement == long.MinValue)
        {
            throw new CommandException(RedisErrors.DecrementOverflow);
        }

        Add(keyspace, arguments[1], -decrement);
    }

    public static void IncrByFloat(Keyspace keyspace, byte[][] arguments)
    {
        var found = keyspace.TryFindStringForWrite(arguments[1], out var value);
        var current = default(ExtendedFloat);
        if ((found && !ExtendedFloat.TryParse(value.Payload, out current)) || !ExtendedFloat.TryParse(arguments[2], out var increment))
        {
            throw new CommandException(RedisErrors.NotAFloat);
        }

        var sum = ExtendedFloat.Add(current, increment);
        if (sum.IsInfinite || sum.IsNaN)
        {
            throw new CommandException(RedisErrors.NaNOrInfinity);
        }

        var text = Encoding.ASCII.GetBytes(sum.ToString());
        keyspace.Store(arguments[1], text, value.Expiry, value.Expiry);
        keyspace.Reply.BulkString(text);
    }

    private static void Add(Keyspace keyspace, byte[] key, long increment)
    {
        var current = 0L;
        if (keyspace.TryFindStringForWrite(key, out var value) && !RedisNumber.TryParse(value.Payload, out current))
        {
            throw new CommandException(RedisErrors.NotAnInteger);
        }

        var sum = unchecked(current + increment);
        if ((increment > 0 && sum < current) || (increment < 0 && sum > current))
        {
            throw new CommandException(RedisErrors.Overflow);
        }

        Span<byte> text = stackalloc byte[RedisNumber.MaxLength];
        keyspace.Store(key, text[..RedisNumber.Format(sum, text)], value.Expiry, value.Expiry);
        keyspace.Reply.Integer(sum);
    }
}
