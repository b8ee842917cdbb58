using System.Diagnostics.CodeAnalysis;

namespace Sluice.Silo.Resp.Commands;

/// <summary>All commands by name. What is not here is unknown to clients; a shard's internal commands are not here.</summary>
public static class CommandTable
{
    private static readonly Dictionary<byte[], CommandInfo> ByName = All().ToDictionary(command => command.WireName, CommandNameComparer.Instance);
    private static readonly Dictionary<byte[], CommandInfo>.AlternateLookup<ReadOnlySpan<byte>> BySpan = ByName.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>All commands, without subcommands, by name.</summary>
    public static IReadOnlyList<CommandInfo> Commands { get; } = [.. All().OrderBy(command => command.Name, StringComparer.Ordinal)];

    /// <summary>Finds a command by its name in any case.</summary>
    public static bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out CommandInfo? command) => BySpan.TryGetValue(name, out command);

    /// <summary>Finds a command or, by <c>container|subcommand</c>, a subcommand.</summary>
    public static CommandInfo? Find(string name)
    {
        var bar = name.IndexOf('|', StringComparison.Ordinal);
        var command = Commands.FirstOrDefault(info => info.Name.Equals(bar < 0 ? name : name[..bar], StringComparison.OrdinalIgnoreCase));
        return bar < 0 ? command : command?.Subcommands.FirstOrDefault(info => info.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The shared upper-case copy of a command's name, or null: see <see cref="RespRequestParser"/>.</summary>
    public static byte[]? Intern(ReadOnlySpan<byte> name) => TryFind(name, out var command) ? command.WireName : null;

    private static IEnumerable<CommandInfo> All() => [.. StringCommands.All, .. KeyCommands.All, .. NodeCommands.All];
}
