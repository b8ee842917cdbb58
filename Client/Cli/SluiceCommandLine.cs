using System.CommandLine;
using Sluice.Cli.Commands;
using Sluice.Client;

namespace Sluice.Cli;

/// <summary>
/// The <c>sluice</c> command. Each command writes its result to the standard output, as a table for a person at a terminal, as plain lines otherwise, and as JSON on
/// request; what went wrong is one sentence on the standard error. Exit status 0: done; 1: the answer is no, or it failed; 2: the command line is wrong;
/// 130: interrupted.
/// </summary>
internal static class SluiceCommandLine
{
    public const int Failed = 1;
    public const int UsageError = 2;
    public const int Interrupted = 130;

    /// <summary>All commands.</summary>
    public static RootCommand Build(CommandEnvironment environment)
    {
        var global = new GlobalOptions();
        var root = new RootCommand("Reads, writes, operates and watches a Sluice cluster.");
        global.AddTo(root);
        foreach (var command in new[]
        {
            GetCommand.Build(environment, global),
            SetCommand.Build(environment, global),
            DelCommand.Build(environment, global),
            LoadCommand.Build(environment, global),
            ReplicaCommand.Build(environment, global),
            SyncCommand.Build(environment, global),
            BandwidthCommand.Build(environment, global),
            NodeCommand.Build(environment, global),
            DigestCommand.Build(environment, global),
            DemoCommand.Build(environment, global),
        })
        {
            root.Add(command);
        }

        return root;
    }

    /// <summary>Runs one command line.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(string[] args, CommandEnvironment environment)
    {
        var parsed = Build(environment).Parse(args);
        var asksForHelp = parsed.Action is System.CommandLine.Help.HelpAction or null;
        if (parsed.Errors.Count > 0 && !asksForHelp)
        {
            environment.Output.Error($"{Complaint(parsed).TrimEnd('.')}. See '{HelpOf(parsed)}'.");
            return UsageError;
        }

        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            Output = environment.Output.Writer,
            Error = environment.Output.ErrorWriter,
        };
        try
        {
            return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
        }
        catch (UsageException error)
        {
            environment.Output.Error(error.Message);
            return UsageError;
        }
        catch (Exception error) when (error is SluiceException or OrderRefusedException or ShardUnavailableException or CommandFailedException)
        {
            environment.Output.Error(error.Message);
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }

    // "Required command was not provided" hides the word that was meant to be one.
    private static string Complaint(ParseResult parsed)
    {
        var commands = parsed.CommandResult.Command.Subcommands;
        var choice = $"choose one of {string.Join(", ", commands.Select(command => command.Name))}";
        return commands.Count == 0 ? parsed.Errors[0].Message
            : parsed.UnmatchedTokens is [var word, ..] ? $"There is no command '{word}': {choice}"
            : $"A command is missing: {choice}";
    }

    private static string HelpOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? result = parsed.CommandResult; result is System.CommandLine.Parsing.CommandResult command; result = result.Parent)
        {
            names.Add(command.Command is RootCommand ? "sluice" : command.Command.Name);
        }

        names.Reverse();
        return $"{string.Join(' ', names)} --help";
    }
}
