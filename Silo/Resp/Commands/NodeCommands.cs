using static Sluice.Silo.Resp.Commands.CommandFlags;

namespace Sluice.Silo.Resp.Commands;

/// <summary>The commands that the gateway itself carries out: about the connection, the node, or all shards.</summary>
internal static class NodeCommands
{
    private const CommandFlags Handshake = NoScript | Loading | Stale | Fast | NoAuth | AllowBusy;
    private const CommandFlags Question = NoScript | Loading | Stale;
    private const CommandFlags Order = Admin | NoScript | Loading | Stale;

    /// <summary>One row a command.</summary>
    public static IReadOnlyList<CommandInfo> All { get; } =
    [
        Connection("ping", -1, Fast, "1.0.0", "Ping the server"),
        Connection("echo", 2, Loading | Stale | Fast, "1.0.0", "Echo a text"),
        Connection("hello", -1, Handshake, "6.0.0", "Choose the protocol, authenticate and name the connection"),
        Connection("auth", -2, Handshake, "1.0.0", "Authenticate"),
        Connection("select", 2, Loading | Stale | Fast, "1.0.0", "Choose a database: there is only 0"),
        Connection("quit", -1, Handshake, "1.0.0", "Close the connection"),
        Connection("reset", 1, Handshake, "6.2.0", "Make the connection as it was when it was opened"),
        Connection("client", -2, None, "2.4.0", "A container for commands about connections", "Depends on subcommand") with
        {
            Subcommands =
            [
                Connection("client|getname", 2, Question, "2.6.9", "Get this connection's name"),
                Connection("client|help", 2, Loading | Stale, "5.0.0", "List the subcommands"),
                Connection("client|id", 2, Question, "5.0.0", "Get this connection's number"),
                Connection("client|info", 2, Question, "6.2.0", "Describe this connection"),
                Connection("client|kill", -3, Order, "2.4.0", "Close connections", "O(N) where N is the number of connections"),
                Connection("client|list", -2, Order, "2.4.0", "Describe connections", "O(N) where N is the number of connections"),
                Connection("client|no-evict", 3, Order, "7.0.0", "Accepted and noted: connections are never evicted"),
                Connection("client|setinfo", 4, Question, "7.2.0", "Tell the library's name or version"),
                Connection("client|setname", 3, Question, "2.6.9", "Name this connection"),
            ],
        },
        Server("command", -1, Loading | Stale, "2.8.13", "Describe all commands", "O(N) where N is the number of commands", ["connection"]) with
        {
            Subcommands =
            [
                Server("command|count", 2, Loading | Stale, "2.8.13", "Count the commands", more: ["connection"]),
                Server("command|docs", -2, Loading | Stale, "7.0.0", "Document commands", "O(N) where N is the number of commands", ["connection"]),
                Server("command|help", 2, Loading | Stale, "5.0.0", "List the subcommands", more: ["connection"]),
                Server("command|info", -2, Loading | Stale, "2.8.13", "Describe commands", "O(N) where N is the number of commands", ["connection"]),
                Server("command|list", -2, Loading | Stale, "7.0.0", "List the commands' names", "O(N) where N is the number of commands", ["connection"]),
            ],
        },
        Server("config", -2, None, "2.0.0", "A container for commands about the node's parameters", "Depends on subcommand") with
        {
            Subcommands =
            [
                Server("config|get", -3, Order, "2.0.0", "Get parameters whose names match patterns", "O(N) where N is the number of parameters"),
                Server("config|help", 2, Loading | Stale, "5.0.0", "List the subcommands"),
                Server("config|resetstat", 2, Order, "2.0.0", "Begin the statistics of INFO anew"),
                Server("config|rewrite", 2, Order, "2.8.0", "Write what CONFIG SET changed to sluice.conf"),
                Server("config|set", -4, Order, "2.0.0", "Change parameters, all or none", "O(N) where N is the number of parameters"),
            ],
        },
        Server("dbsize", 1, ReadOnly | Fast, "1.0.0", "Count the keys", "O(N) where N is the number of shards", ["keyspace"]),
        Server("debug", -2, Order, "1.0.0", "DEBUG SLEEP seconds: answer later"),
        Server("failover", -1, Admin | NoScript | Stale, "6.2.0", "Hand this node's primaries over to a replica: FAILOVER [TO host port [FORCE]] [TIMEOUT milliseconds] | ABORT"),
        Server("flushall", -1, Write, "1.0.0", "Delete all keys", "O(N) where N is the number of shards", ["keyspace", "dangerous"]),
        Server("flushdb", -1, Write, "1.0.0", "Delete all keys", "O(N) where N is the number of shards", ["keyspace", "dangerous"]),
        Server("info", -1, Loading | Stale, "1.0.0", "Describe the node", more: ["dangerous"]),
        Server("replicaof", -3, Admin | NoScript | Stale | NoAsyncLoading, "5.0.0", "Follow another node, or become primary: REPLICAOF host port [FORCE] [FROM host port] | NO ONE"),
        Server("role", 1, NoScript | Loading | Stale | Fast, "2.8.12", "Tell the node's role", more: ["admin", "dangerous"]),
        Server("shutdown", -1, Order | NoMulti | AllowBusy, "1.0.0", "Stop the node"),
        Server("slaveof", -3, Admin | NoScript | Stale | NoAsyncLoading, "1.0.0", "The old name of REPLICAOF") with { ReplacedBy = "REPLICAOF" },
        Server("sluice", -2, None, "7.0.0", "A container for orders about the whole cluster: its bandwidth and its coordinator", "Depends on subcommand") with
        {
            Subcommands =
            [
                Server("sluice|class", -2, Order, "7.0.0", "Change a QoS class, or show the class table"),
                Server("sluice|coordinator", -2, Order, "7.0.0", "Show which node keeps the topology, or take over from one that is gone"),
                Server("sluice|help", 2, Loading | Stale, "7.0.0", "List the subcommands"),
                Server("sluice|pause", -3, Order, "7.0.0", "Pause a full copy or all, until a time if wanted"),
                Server("sluice|resume", 3, Order, "7.0.0", "Let a paused full copy or all go on"),
                Server("sluice|sync", -3, Order, "7.0.0", "Change the class or the limit of a sync, or show them"),
            ],
        },
        Server("time", 1, Loading | Stale | Fast, "2.6.0", "Tell the time"),
        Keyspace("keys", 2, ReadOnly, "1.0.0", "List the keys that match a pattern", "O(N) where N is the number of keys", ["dangerous"]),
        Keyspace("randomkey", 1, ReadOnly, "1.0.0", "Get some key", "O(N) where N is the number of shards", []),
        Keyspace("scan", -2, ReadOnly, "2.8.0", "List the keys piece by piece", "O(1) for each call, O(N) for all keys", []),
        Keyspace("wait", 3, NoScript, "3.0.0", "Wait until replicas have this connection's writes", "O(N) where N is the number of shards written to", ["connection"]),
    ];

    private static CommandInfo Connection(string name, int arity, CommandFlags flags, string since, string summary, string complexity = "O(1)") =>
        new() { Name = name, Arity = arity, Flags = flags, Group = "connection", Since = since, Summary = summary, Complexity = complexity };

    private static CommandInfo Server(string name, int arity, CommandFlags flags, string since, string summary, string complexity = "O(1)", string[]? more = null) =>
        new() { Name = name, Arity = arity, Flags = flags, Group = "server", Since = since, Summary = summary, Complexity = complexity, MoreCategories = more ?? [] };

    private static CommandInfo Keyspace(string name, int arity, CommandFlags flags, string since, string summary, string complexity, string[] more) =>
        new() { Name = name, Arity = arity, Flags = flags, Group = "generic", Since = since, Summary = summary, Complexity = complexity, MoreCategories = more };
}
