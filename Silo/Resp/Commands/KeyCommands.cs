using static Sluice.Silo.Resp.Commands.CommandFlags;

namespace Sluice.Silo.Resp.Commands;

/// <summary>The commands of keys, whatever their type: executed by the shard that holds the key.</summary>
internal static class KeyCommands
{
    /// <summary>One row a command.</summary>
    public static IReadOnlyList<CommandInfo> All { get; } =
    [
        Keyed("del", -2, Write, "1.0.0", "Delete keys", complexity: "O(N) where N is the number of keys", last: -1),
        Keyed("unlink", -2, Write | Fast, "4.0.0", "Delete keys; here the same as DEL", complexity: "O(N) where N is the number of keys", last: -1),
        Keyed("exists", -2, ReadOnly | Fast, "1.0.0", "Count the given keys that exist", complexity: "O(N) where N is the number of keys", last: -1),
        Keyed("touch", -2, ReadOnly | Fast, "3.2.1", "Count the given keys that exist; there are no access times to alter", complexity: "O(N) where N is the number of keys", last: -1),
        Keyed("type", 2, ReadOnly | Fast, "1.0.0", "Get the type of a value"),
        Keyed("ttl", 2, ReadOnly | Fast, "1.0.0", "Get the time to live of a key in seconds"),
        Keyed("pttl", 2, ReadOnly | Fast, "2.6.0", "Get the time to live of a key in milliseconds"),
        Keyed("expire", -3, Write | Fast, "1.0.0", "Set the time to live of a key in seconds"),
        Keyed("pexpire", -3, Write | Fast, "2.6.0", "Set the time to live of a key in milliseconds"),
        Keyed("expireat", -3, Write | Fast, "1.2.0", "Set the expiry of a key as a Unix time in seconds"),
        Keyed("pexpireat", -3, Write | Fast, "2.6.0", "Set the expiry of a key as a Unix time in milliseconds"),
        Keyed("expiretime", 2, ReadOnly | Fast, "7.0.0", "Get the expiry of a key as a Unix time in seconds"),
        Keyed("pexpiretime", 2, ReadOnly | Fast, "7.0.0", "Get the expiry of a key as a Unix time in milliseconds"),
        Keyed("persist", 2, Write | Fast, "2.2.0", "Remove the expiry of a key"),
        Keyed("rename", 3, Write, "1.0.0", "Rename a key", complexity: "O(N) where N is the length of the value", last: 2),
        Keyed("renamenx", 3, Write | Fast, "1.0.0", "Rename a key unless the new name exists", complexity: "O(N) where N is the length of the value", last: 2),
    ];

    private static CommandInfo Keyed(string name, int arity, CommandFlags flags, string since, string summary, string complexity = "O(1)", int last = 1, int step = 1, string replacedBy = "") =>
        new() { Name = name, Arity = arity, Flags = flags, FirstKey = 1, LastKey = last, Step = step, Group = "generic", Since = since, Summary = summary, Complexity = complexity, ReplacedBy = replacedBy };
}
