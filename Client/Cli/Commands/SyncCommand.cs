using System.CommandLine;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class SyncCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global) => new("sync", "Lists, watches, pauses and changes syncs")
    {
        List(environment, global),
        Watch(environment, global),
        SyncOrderCommands.Pause(environment, global),
        SyncOrderCommands.Resume(environment, global),
        SyncOrderCommands.Set(environment, global),
    };

    private static Option<string?> Node() => new("--node") { HelpName = "NODE", Description = "Only the syncs to this node" };

    private static Command List(CommandEnvironment environment, GlobalOptions global)
    {
        var node = Node();
        return new Command("list", "Shows where all syncs stand") { node }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var snapshot = await client.Syncs.ListAsync(parsed.GetValue(node), cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(snapshot);
                }
                else if (snapshot.Syncs.IsEmpty && snapshot.Problems.IsEmpty)
                {
                    environment.Output.Line("There are no syncs: no node holds a replica of another's shard. 'sluice replica add NODE' makes one.");
                }
                else if (environment.Output.IsTerminal)
                {
                    environment.Output.Ansi.Write(SyncView.Table(snapshot, int.MaxValue));
                }
                else
                {
                    PlainList(environment.Output, snapshot);
                }

                return 0;
            });
    }

    private static Command Watch(CommandEnvironment environment, GlobalOptions global)
    {
        var node = Node();
        var interval = TypedOptions.Time("--interval", "The time between two looks [default: 500ms at a terminal, 2s otherwise]");
        var untilLive = new Option<bool>("--until-live") { Description = "End with exit status 0 when all syncs are live" };
        return new Command("watch", "Shows syncs with their rate, share, ETA and state as they go, until interrupted") { node, interval, untilLive }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var pause = parsed.GetValue(interval) ?? TimeSpan.FromSeconds(environment.Output.IsTerminal ? 0.5 : 2);
                var watch = client.Syncs.WatchAsync(parsed.GetValue(node), pause, cancellationToken);
                await new SyncWatch(environment.Output, json).ShowAsync(watch, snapshot => parsed.GetValue(untilLive) && snapshot.AllLive).ConfigureAwait(false);
                return 0;
            });
    }

    private static void PlainList(CommandOutput output, SyncSnapshot snapshot)
    {
        var totals = SyncTotals.Of(snapshot.Syncs);
        output.Table(
            ["Replica", "Source", "State", "Copied", "Of", "Rate", "Share", "ETA", "Lag", "Attempt", "Detail"],
            snapshot.Syncs.Select(sync => (IReadOnlyList<string>)
            [
                sync.Replica.ToString(), sync.Source, SyncTotals.NameOf(sync), Quantity.Bytes(sync.ReceivedBytes), Quantity.Bytes(sync.TotalBytes),
                Quantity.Rate(sync.BytesPerSecond), Quantity.Share(totals.ShareOf(sync)), Quantity.Time(sync.Eta),
                sync.LagSequences < 0 ? "-" : Quantity.Count(sync.LagSequences), Quantity.Count(sync.Attempt),
                sync.LastError.Length > 0 ? $"{sync.Detail} ({sync.LastError})" : sync.Detail,
            ]));
        foreach (var problem in snapshot.Problems)
        {
            output.Line(problem);
        }
    }
}
