using System.Collections.Frozen;
using static Sluice.Storage.Commands.ShardCommandFlags;

namespace Sluice.Storage.Commands;

/// <summary>
/// All commands that a shard executes. Keys of one command must be the shard's: splitting MGET, MSET, DEL, UNLINK, EXISTS and TOUCH over shards, merging DBSIZE, KEYS,
/// RANDOMKEY, SCAN, FLUSHALL and FLUSHDB, and RENAME from one shard to another is the gateway's task. A SCAN cursor is a <see cref="DataKey">position</see>, whose
/// upper bits are a slot: it names the shard where the walk goes on, and when a shard replies 0 the gateway goes on with the next shard's first slot times 2^32.
/// </summary>
public static class ShardCommandTable
{
    private static readonly FrozenDictionary<string, ShardCommand> Commands = Build().ToFrozenDictionary(command => command.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, ShardCommand>.AlternateLookup<ReadOnlySpan<char>> ByCharacters =
        Commands.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The commands, in no particular order.</summary>
    public static IReadOnlyCollection<ShardCommand> All => Commands.Values;

    /// <summary>Finds a command by its name in upper case; null when there is none.</summary>
    public static ShardCommand? Find(ReadOnlySpan<byte> upperCaseName)
    {
        Span<char> name = stackalloc char[24];
        if (upperCaseName.Length > name.Length)
        {
            return null;
        }

        for (var i = 0; i < upperCaseName.Length; i++)
        {
            name[i] = (char)upperCaseName[i];
        }

        return ByCharacters.TryGetValue(name[..upperCaseName.Length], out var command) ? command : null;
    }

    /// <summary>Whether a command of a batch may write.</summary>
    public static bool Writes(CommandBatch batch) => Array.Exists(batch.Commands, command => command is [var name, ..] && Find(name) is { Writes: true });

    private static List<ShardCommand> Build() =>
    [
        new("GET", 2, ReadOnly | Fast, 1, 1, 1, StringCommands.Get),
        new("SET", -3, Write, 1, 1, 1, SetCommands.Set),
        new("SETEX", 4, Write, 1, 1, 1, SetCommands.SetEx),
        new("PSETEX", 4, Write, 1, 1, 1, SetCommands.PSetEx),
        new("SETNX", 3, Write | Fast, 1, 1, 1, SetCommands.SetNx),
        new("GETSET", 3, Write | Fast, 1, 1, 1, SetCommands.GetSet),
        new("GETDEL", 2, Write | Fast, 1, 1, 1, StringCommands.GetDel),
        new("GETEX", -2, Write | Fast, 1, 1, 1, SetCommands.GetEx),
        new("APPEND", 3, Write | Fast, 1, 1, 1, StringCommands.Append),
        new("STRLEN", 2, ReadOnly | Fast, 1, 1, 1, StringCommands.StrLen),
        new("GETRANGE", 4, ReadOnly, 1, 1, 1, StringCommands.GetRange),
        new("SUBSTR", 4, ReadOnly, 1, 1, 1, StringCommands.GetRange),
        new("SETRANGE", 4, Write, 1, 1, 1, StringCommands.SetRange),
        new("MGET", -2, ReadOnly | Fast, 1, -1, 1, StringCommands.MGet),
        new("MSET", -3, Write, 1, -1, 2, SetCommands.MSet),
        new("INCR", 2, Write | Fast, 1, 1, 1, NumberCommands.Incr),
        new("DECR", 2, Write | Fast, 1, 1, 1, NumberCommands.Decr),
        new("INCRBY", 3, Write | Fast, 1, 1, 1, NumberCommands.IncrBy),
        new("DECRBY", 3, Write | Fast, 1, 1, 1, NumberCommands.DecrBy),
        new("INCRBYFLOAT", 3, Write | Fast, 1, 1, 1, NumberCommands.IncrByFloat),
        new("DEL", -2, Write, 1, -1, 1, KeyCommands.Del),
        new("UNLINK", -2, Write | Fast, 1, -1, 1, KeyCommands.Del),
        new("EXISTS", -2, ReadOnly | Fast, 1, -1, 1, KeyCommands.Exists),
        new("TOUCH", -2, ReadOnly | Fast, 1, -1, 1, KeyCommands.Exists),
        new("TYPE", 2, ReadOnly | Fast, 1, 1, 1, KeyCommands.Type),
        new("RENAME", 3, Write, 1, 2, 1, KeyCommands.Rename),
        new("RENAMENX", 3, Write | Fast, 1, 2, 1, KeyCommands.RenameNx),
        new("TTL", 2, ReadOnly | Fast, 1, 1, 1, ExpiryCommands.Ttl),
        new("PTTL", 2, ReadOnly | Fast, 1, 1, 1, ExpiryCommands.PTtl),
        new("EXPIRETIME", 2, ReadOnly | Fast, 1, 1, 1, ExpiryCommands.ExpireTime),
        new("PEXPIRETIME", 2, ReadOnly | Fast, 1, 1, 1, ExpiryCommands.PExpireTime),
        new("EXPIRE", -3, Write | Fast, 1, 1, 1, ExpiryCommands.Expire),
        new("PEXPIRE", -3, Write | Fast, 1, 1, 1, ExpiryCommands.PExpire),
        new("EXPIREAT", -3, Write | Fast, 1, 1, 1, ExpiryCommands.ExpireAt),
        new("PEXPIREAT", -3, Write | Fast, 1, 1, 1, ExpiryCommands.PExpireAt),
        new("PERSIST", 2, Write | Fast, 1, 1, 1, ExpiryCommands.Persist),
        new("RANDOMKEY", 1, ReadOnly | WholeShard, 0, 0, 0, ScanCommands.RandomKey),
        new("KEYS", 2, ReadOnly | WholeShard, 0, 0, 0, ScanCommands.Keys),
        new("SCAN", -2, ReadOnly | WholeShard, 0, 0, 0, ScanCommands.Scan),
        new("DBSIZE", 1, ReadOnly | WholeShard, 0, 0, 0, ScanCommands.DbSize),
        new("FLUSHALL", -1, Write | WholeShard, 0, 0, 0, ScanCommands.Flush),
        new("FLUSHDB", -1, Write | WholeShard, 0, 0, 0, ScanCommands.Flush),
        new(InternalCommands.Read, 2, ReadOnly | Internal, 1, 1, 1, RecordCommands.Read),
        new(InternalCommands.Store, 3, Write | Internal, 1, 1, 1, RecordCommands.Store),
        new(InternalCommands.Swap, 4, Write | Internal, 1, 1, 1, RecordCommands.Swap),
    ];
}
