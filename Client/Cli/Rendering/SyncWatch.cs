using Sluice.Client;
using Spectre.Console;

namespace Sluice.Cli.Rendering;

/// <summary>Shows snapshots as they come: a table that is redrawn in place at a terminal, lines otherwise, or JSON, one object a line.</summary>
/// <param name="output">Where to.</param>
/// <param name="json">JSON is wanted.</param>
/// <param name="lineInterval">Plain lines come no more often than this, except for the last ones.</param>
internal sealed class SyncWatch(CommandOutput output, bool json, TimeSpan lineInterval = default)
{
    private DateTimeOffset? lastLines;

    /// <summary>Shows snapshots until one ends the watch; returns that one, or the last.</summary>
    public async Task<SyncSnapshot?> ShowAsync(IAsyncEnumerable<SyncSnapshot> snapshots, Func<SyncSnapshot, bool> isLast)
    {
        if (json || !output.IsTerminal)
        {
            return await EachAsync(snapshots, isLast, Write).ConfigureAwait(false);
        }

        SyncSnapshot? last = null;
        await output.Ansi.Live(new Text("waiting for the cluster ..."))
            .AutoClear(false)
            .Overflow(VerticalOverflow.Ellipsis)
            .StartAsync(async live => last = await EachAsync(snapshots, isLast, (snapshot, _) =>
            {
                live.UpdateTarget(SyncView.Table(snapshot, output.Ansi.Profile.Height - 1));
                live.Refresh();
            }).ConfigureAwait(false))
            .ConfigureAwait(false);
        return last;
    }

    private static async Task<SyncSnapshot?> EachAsync(IAsyncEnumerable<SyncSnapshot> snapshots, Func<SyncSnapshot, bool> isLast, Action<SyncSnapshot, bool> show)
    {
        SyncSnapshot? last = null;
        await foreach (var snapshot in snapshots.ConfigureAwait(false))
        {
            var ends = isLast(snapshot);
            last = snapshot;
            show(snapshot, ends);
            if (ends)
            {
                break;
            }
        }

        return last;
    }

    private void Write(SyncSnapshot snapshot, bool ends)
    {
        if (json)
        {
            output.Json(snapshot);
            return;
        }

        if (!ends && lastLines is { } last && snapshot.At - last < lineInterval)
        {
            return;
        }

        lastLines = snapshot.At;
        foreach (var line in SyncView.Lines(snapshot))
        {
            output.Line(line);
        }
    }
}
