using System.CommandLine;
using Sluice.Cli.Demo;
using Sluice.Cli.Loading;
using Sluice.Cli.Rendering;

namespace Sluice.Cli.Commands;

internal static class DemoCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR") { Description = "The directory whose files are loaded" };
        var primary = new Option<string>("--primary") { HelpName = "NODE", Description = "The node that is loaded and copied from", DefaultValueFactory = _ => "A" };
        var replica = new Option<string>("--replica") { HelpName = "NODE", Description = "The node that is copied to", DefaultValueFactory = _ => "B" };
        var timeout = TypedOptions.Time("--timeout", "Give up after this time [default: 10m]");
        var command = new Command("demo", "The main job on two running nodes: loads a directory, copies it to a replica under writes, compares digests and prints a summary. run.sh starts the nodes and calls this")
        {
            directory, primary, replica, timeout,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var limit = parsed.GetValue(timeout) ?? TimeSpan.FromMinutes(10);
            var settings = global.Connection(parsed, environment);
            var files = FileSet.Find(parsed.GetRequiredValue(directory));
            var json = global.Json(parsed);
            using var clock = new CancellationTokenSource(limit, environment.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
            try
            {
                var job = new MainJob(environment, settings, parsed.GetRequiredValue(primary), parsed.GetRequiredValue(replica), json);
                var summary = await job.RunAsync(files, either.Token).ConfigureAwait(false);
                summary.Write(environment.Output, json);
                return summary.IsEqual ? 0 : SluiceCommandLine.Failed;
            }
            catch (OperationCanceledException error) when (clock.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new CommandFailedException($"Not finished after {Quantity.Time(limit)}: see the nodes' logs, or allow more with --timeout.", error);
            }
        });
        return command;
    }
}
