using System.Globalization;
using RocksDbSharp;

namespace Sluice.Storage.Commands;

/// <summary>
/// Commands that walk over all keys of the shard. SCAN's cursor is the <see cref="DataKey">position</see> at which the walk goes on, so a key that is there during the
/// whole iteration is returned at least once whatever else changes; keys of one position are returned together, so COUNT may be exceeded by them.
/// </summary>
internal static class ScanCommands
{
    private const int DefaultCount = 10;

    /// <summary>How many expired keys RANDOMKEY passes before it says that there is none: many in a row are swept soon anyway.</summary>
    private const int RandomKeyPatience = 1000;

    public static void Keys(Keyspace keyspace, byte[][] arguments)
    {
        var pattern = arguments[1];
        var keys = new List<byte[]>();
        using var iterator = IterateAll(keyspace);
        for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
        {
            var key = DataKey.UserKey(iterator.GetKeySpan());
            if (GlobPattern.Matches(pattern, key) && !HasExpired(keyspace, iterator))
            {
                keys.Add(key.ToArray());
            }
        }

        ThrowIfFailed(iterator);
        WriteKeys(keyspace, keys);
    }

    public static void DbSize(Keyspace keyspace, byte[][] arguments)
    {
        var count = 0L;
        using var iterator = IterateAll(keyspace);
        for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
        {
            count += HasExpired(keyspace, iterator) ? 0 : 1;
        }

        ThrowIfFailed(iterator);
        keyspace.Reply.Integer(count);
    }

    public static void RandomKey(Keyspace keyspace, byte[][] arguments)
    {
        var position = (ulong)keyspace.Random.NextInt64((long)keyspace.FirstSlot << 32, (long)keyspace.EndSlot << 32);
        Span<byte> start = stackalloc byte[DataKey.PrefixLength];
        DataKey.WritePosition(start, position);
        using var iterator = Iterate(keyspace);
        iterator.Seek(start);
        var wrapped = false;
        for (var passed = 0; passed < RandomKeyPatience; passed++, iterator.Next())
        {
            if (!iterator.Valid())
            {
                ThrowIfFailed(iterator);
                if (wrapped || !iterator.SeekToFirst().Valid())
                {
                    break;
                }

                wrapped = true;
            }

            if (!HasExpired(keyspace, iterator))
            {
                keyspace.Reply.BulkString(DataKey.UserKey(iterator.GetKeySpan()));
                return;
            }
        }

        keyspace.Reply.Null();
    }

    public static void Scan(Keyspace keyspace, byte[][] arguments)
    {
        if (!ulong.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out var cursor))
        {
            throw new CommandException(RedisErrors.InvalidCursor);
        }

        var options = ScanOptions.Read(arguments);
        var keys = new List<byte[]>();
        var next = cursor >= DataKey.PositionCount ? 0 : Walk(keyspace, cursor, options, keys);
        keyspace.Reply.Array(2);
        keyspace.Reply.BulkString(next.ToString(CultureInfo.InvariantCulture));
        WriteKeys(keyspace, keys);
    }

    public static void Flush(Keyspace keyspace, byte[][] arguments)
    {
        if (arguments.Length > 2 || (arguments.Length == 2 && !Keyword.Is(arguments[1], "SYNC") && !Keyword.Is(arguments[1], "ASYNC")))
        {
            throw new CommandException(RedisErrors.Syntax);
        }

        keyspace.Flush();
        keyspace.Reply.Ok();
    }

    private static ulong Walk(Keyspace keyspace, ulong cursor, in ScanOptions options, List<byte[]> keys)
    {
        Span<byte> start = stackalloc byte[DataKey.PrefixLength];
        DataKey.WritePosition(start, cursor);
        var visited = 0L;
        var last = ulong.MaxValue;
        using var iterator = Iterate(keyspace);
        for (iterator.Seek(start); iterator.Valid(); iterator.Next())
        {
            var key = iterator.GetKeySpan();
            var position = DataKey.Position(key);
            if (visited >= options.Count && position != last)
            {
                return position;
            }

            visited++;
            last = position;
            var user = DataKey.UserKey(key);
            var value = StoredValue.Decode(iterator.GetValueSpan());
            if (!value.HasExpired(keyspace.Now) && options.Takes(user, value.Type))
            {
                keys.Add(user.ToArray());
            }
        }

        ThrowIfFailed(iterator);
        return 0;
    }

    private static Iterator Iterate(Keyspace keyspace) => keyspace.Database.Database.NewIterator(keyspace.Database.Data);

    /// <summary>For who walks over everything: past the block cache, which is for keys that are asked for again.</summary>
    private static Iterator IterateAll(Keyspace keyspace) =>
        keyspace.Database.Database.NewIterator(keyspace.Database.Data, new ReadOptions().SetFillCache(false).SetReadaheadSize(1 << 20));

    private static bool HasExpired(Keyspace keyspace, Iterator iterator) => StoredValue.Decode(iterator.GetValueSpan()).HasExpired(keyspace.Now);

    /// <summary>An iterator that ends early for an error looks like one at the end.</summary>
    private static void ThrowIfFailed(Iterator iterator) => Native.Instance.rocksdb_iter_get_error(iterator.Handle);

    private static void WriteKeys(Keyspace keyspace, List<byte[]> keys)
    {
        keyspace.Reply.Array(keys.Count);
        foreach (var key in keys)
        {
            keyspace.Reply.BulkString(key);
        }
    }

    private readonly record struct ScanOptions(long Count, byte[]? Pattern, string? Type)
    {
        public static ScanOptions Read(byte[][] arguments)
        {
            var options = new ScanOptions(DefaultCount, null, null);
            for (var i = 2; i < arguments.Length; i += 2)
            {
                var value = i + 1 < arguments.Length ? arguments[i + 1] : throw new CommandException(RedisErrors.Syntax);
                options = arguments[i] switch
                {
                    var word when Keyword.Is(word, "COUNT") => options with { Count = Positive(value) },
                    var word when Keyword.Is(word, "MATCH") => options with { Pattern = value },
                    var word when Keyword.Is(word, "TYPE") && options.Type is null => options with { Type = System.Text.Encoding.UTF8.GetString(value) },
                    _ => throw new CommandException(RedisErrors.Syntax),
                };
            }

            return options;
        }

        public bool Takes(ReadOnlySpan<byte> key, StoredType type) =>
            (Pattern is null || GlobPattern.Matches(Pattern, key))
            && (Type is null || string.Equals(Type, StoredValue.NameOf(type), StringComparison.OrdinalIgnoreCase));

        private static long Positive(byte[] value)
        {
            var count = RedisNumber.Parse(value);
            return count >= 1 ? count : throw new CommandException(RedisErrors.Syntax);
        }
    }
}
