using System.Text;

namespace Sluice.Silo.Resp.Commands;

/// <summary>What COMMAND INFO calls flags.</summary>
[Flags]
public enum CommandFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>readonly</c>: changes no data.</summary>
    ReadOnly = 1 << 0,

    /// <summary><c>write</c>: may change data; a replica refuses it.</summary>
    Write = 1 << 1,

    /// <summary><c>denyoom</c>: may take more memory.</summary>
    DenyOom = 1 << 2,

    /// <summary><c>admin</c>: an operator's command.</summary>
    Admin = 1 << 3,

    /// <summary><c>noscript</c></summary>
    NoScript = 1 << 4,

    /// <summary><c>loading</c>: answered while data is loaded.</summary>
    Loading = 1 << 5,

    /// <summary><c>stale</c>: answered by a replica without its primary.</summary>
    Stale = 1 << 6,

    /// <summary><c>fast</c>: takes constant or logarithmic time.</summary>
    Fast = 1 << 7,

    /// <summary><c>no_auth</c>: allowed before AUTH.</summary>
    NoAuth = 1 << 8,

    /// <summary><c>allow_busy</c></summary>
    AllowBusy = 1 << 9,

    /// <summary><c>no_async_loading</c></summary>
    NoAsyncLoading = 1 << 10,

    /// <summary><c>no_multi</c></summary>
    NoMulti = 1 << 11,
}

/// <summary>A command or subcommand as COMMAND INFO and COMMAND DOCS describe it, and as the gateway routes it.</summary>
public sealed record CommandInfo
{
    /// <summary>Lower case; a subcommand's is <c>container|subcommand</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The number of arguments, the name included; negative: at least so many.</summary>
    public required int Arity { get; init; }

    /// <summary>Its flags.</summary>
    public required CommandFlags Flags { get; init; }

    /// <summary>Where the first key stands; 0: the command has none.</summary>
    public int FirstKey { get; init; }

    /// <summary>Where the last key stands; negative: counted from the end.</summary>
    public int LastKey { get; init; }

    /// <summary>From one key to the next.</summary>
    public int Step { get; init; }

    /// <summary>Documentation's group: string, generic, connection, server.</summary>
    public required string Group { get; init; }

    /// <summary>The Redis version that brought it.</summary>
    public required string Since { get; init; }

    /// <summary>How its time grows.</summary>
    public string Complexity { get; init; } = "O(1)";

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>ACL categories that don't follow from the flags and the group, without the at sign.</summary>
    public IReadOnlyList<string> MoreCategories { get; init; } = [];

    /// <summary>Subcommands of a container.</summary>
    public IReadOnlyList<CommandInfo> Subcommands { get; init; } = [];

    /// <summary>What came in its place; empty when it is not deprecated.</summary>
    public string ReplacedBy { get; init; } = "";

    /// <summary>The name in upper case: as it stands in a <see cref="CommandBatch"/>.</summary>
    public byte[] WireName => wireName ??= Encoding.ASCII.GetBytes(Name.ToUpperInvariant());

    /// <summary>The flags' names in COMMAND INFO.</summary>
    public IEnumerable<string> FlagNames => CommandFlagNames.Of(Flags);

    /// <summary>The ACL categories, with the at sign.</summary>
    public IEnumerable<string> Categories
    {
        get
        {
            IEnumerable<string?> derived =
            [
                Group == "generic" && (FirstKey > 0 || Flags.HasFlag(CommandFlags.ReadOnly)) ? "keyspace" : null,
                Flags.HasFlag(CommandFlags.ReadOnly) ? "read" : null,
                Flags.HasFlag(CommandFlags.Write) ? "write" : null,
                Group is "string" or "connection" ? Group : null,
                Flags.HasFlag(CommandFlags.Admin) ? "admin" : null,
                Flags.HasFlag(CommandFlags.Fast) ? "fast" : "slow",
                Flags.HasFlag(CommandFlags.Admin) ? "dangerous" : null,
            ];
            return derived.OfType<string>().Concat(MoreCategories).Distinct().Select(category => "@" + category);
        }
    }

    /// <summary>True when so many arguments (the name included) are allowed.</summary>
    public bool Accepts(int count) => Arity >= 0 ? count == Arity : count >= -Arity;

    private byte[]? wireName;
}
