using static Sluice.Silo.Resp.Commands.CommandFlags;

namespace Sluice.Silo.Resp.Commands;

/// <summary>The commands of strings: executed by the shard that holds the key.</summary>
internal static class StringCommands
{
    /// <summary>One row a command.</summary>
    public static IReadOnlyList<CommandInfo> All { get; } =
    [
        Keyed("get", 2, ReadOnly | Fast, "1.0.0", "Get the value of a key"),
        Keyed("set", -3, Write | DenyOom, "1.0.0", "Set the value of a key, with an expiry and conditions if wanted"),
        Keyed("mget", -2, ReadOnly | Fast, "1.0.0", "Get the values of all the given keys", complexity: "O(N) where N is the number of keys", last: -1),
        Keyed("mset", -3, Write | DenyOom, "1.0.1", "Set several keys; atomic for the keys of one shard", complexity: "O(N) where N is the number of keys", last: -1, step: 2),
        Keyed("setex", 4, Write | DenyOom, "2.0.0", "Set the value and the expiry in seconds of a key", replacedBy: "SET with EX"),
        Keyed("psetex", 4, Write | DenyOom, "2.6.0", "Set the value and the expiry in milliseconds of a key", replacedBy: "SET with PX"),
        Keyed("setnx", 3, Write | DenyOom | Fast, "1.0.0", "Set the value of a key that does not exist", replacedBy: "SET with NX"),
        Keyed("getset", 3, Write | DenyOom | Fast, "1.0.0", "Set the value of a key and return the old one", replacedBy: "SET with GET"),
        Keyed("getdel", 2, Write | Fast, "6.2.0", "Get the value of a key and delete the key"),
        Keyed("getex", -2, Write | Fast, "6.2.0", "Get the value of a key and change its expiry if wanted"),
        Keyed("append", 3, Write | DenyOom | Fast, "2.0.0", "Append to the value of a key", complexity: "O(N) where N is the length of the new value"),
        Keyed("strlen", 2, ReadOnly | Fast, "2.2.0", "Get the length of a value"),
        Keyed("incr", 2, Write | DenyOom | Fast, "1.0.0", "Increment an integer by one"),
        Keyed("incrby", 3, Write | DenyOom | Fast, "1.0.0", "Increment an integer by a number"),
        Keyed("incrbyfloat", 3, Write | DenyOom | Fast, "2.6.0", "Increment a floating-point number by a number"),
        Keyed("decr", 2, Write | DenyOom | Fast, "1.0.0", "Decrement an integer by one"),
        Keyed("decrby", 3, Write | DenyOom | Fast, "1.0.0", "Decrement an integer by a number"),
        Keyed("getrange", 4, ReadOnly, "2.4.0", "Get a part of a value", complexity: "O(N) where N is the length of the value"),
        Keyed("setrange", 4, Write | DenyOom, "2.2.0", "Overwrite a part of a value", complexity: "O(N) where N is the length of the value"),
    ];

    private static CommandInfo Keyed(string name, int arity, CommandFlags flags, string since, string summary, string complexity = "O(1)", int last = 1, int step = 1, string replacedBy = "") =>
        new() { Name = name, Arity = arity, Flags = flags, FirstKey = 1, LastKey = last, Step = step, Group = "string", Since = since, Summary = summary, Complexity = complexity, ReplacedBy = replacedBy };
}
