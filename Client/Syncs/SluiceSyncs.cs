using System.Runtime.CompilerServices;

namespace Sluice.Client;

internal sealed class SluiceSyncs(SluiceNodes nodes, TimeProvider time, TimeSpan defaultInterval) : ISluiceSyncs
{
    public async Task<SyncSnapshot> ListAsync(string? node, CancellationToken cancellationToken)
    {
        IReadOnlyList<NodeState> states;
        if (node is null)
        {
            states = await nodes.ListAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var report = await nodes.GetReportAsync(node, cancellationToken).ConfigureAwait(false);
            states = [new NodeState(report.Address, report, "")];
        }

        return new SyncSnapshot(
            time.GetUtcNow(),
            [.. states.SelectMany(state => state.Report?.Syncs ?? [])
                .Where(sync => sync.State != SyncState.Idle)
                .OrderBy(sync => sync.Replica.Shard).ThenBy(sync => sync.Replica.Node, StringComparer.Ordinal)],
            [.. states.Where(state => state.Report is null).Select(state => state.Problem)]);
    }

    public async IAsyncEnumerable<SyncSnapshot> WatchAsync(
        string? node, TimeSpan? interval, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval ?? defaultInterval, time);
        do
        {
            SyncSnapshot snapshot;
            try
            {
                snapshot = await ListAsync(node, cancellationToken).ConfigureAwait(false);
            }
            catch (SluiceUnreachableException error)
            {
                snapshot = new SyncSnapshot(time.GetUtcNow(), [], [error.Message]);
            }

            yield return snapshot;
        }
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
    }
}
