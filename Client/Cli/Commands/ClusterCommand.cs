using System.CommandLine;
using Sluice.Client;

namespace Sluice.Cli.Commands;

/// <summary>Gives a command the action of connecting to the cluster, doing something there, and closing.</summary>
internal static class ClusterCommand
{
    /// <summary>Sets a command's action.</summary>
    /// <param name="command">The command.</param>
    /// <param name="environment">What it needs from outside.</param>
    /// <param name="global">The options that every command takes.</param>
    /// <param name="action">Does it: the arguments, the client, whether JSON is wanted. Returns the exit status.</param>
    public static Command Does(
        this Command command, CommandEnvironment environment, GlobalOptions global, Func<ParseResult, ISluiceClient, bool, CancellationToken, Task<int>> action)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = global.Connection(parsed, environment);
            await using var connection = await environment.Connect(settings, cancellationToken).ConfigureAwait(false);
            return await action(parsed, connection.Client, global.Json(parsed), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }
}
