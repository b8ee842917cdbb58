using System.Runtime.CompilerServices;

namespace Sluice.Client;

internal sealed class SluiceSyncs(IClusterGrains grains, SluiceNodes nodes, TimeProvider time, TimeSpan defaultInterval) : ISluiceSyncs
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

    public async Task<SyncPolicy> SetAsync(ReplicaKey replica, SyncTerms terms, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(terms);
        var policy = await OrderAsync(replica, broker => broker.SetSync(replica, terms.Class, terms.LimitBytesPerSecond), cancellationToken).ConfigureAwait(false);
        return policy.Syncs.FirstOrDefault(sync => sync.Replica == replica) ?? new SyncPolicy { Replica = replica };
    }

    public Task PauseAsync(ReplicaKey replica, DateTimeOffset? until, CancellationToken cancellationToken) => OrderAsync(replica, broker => broker.Pause(replica, until), cancellationToken);

    public Task ResumeAsync(ReplicaKey replica, CancellationToken cancellationToken) => OrderAsync(replica, broker => broker.Resume(replica), cancellationToken);

    public Task PauseAllAsync(DateTimeOffset? until, CancellationToken cancellationToken) => OrderAsync(broker => broker.PauseAll(until), cancellationToken);

    public Task ResumeAllAsync(CancellationToken cancellationToken) => OrderAsync(broker => broker.ResumeAll(), cancellationToken);

    private async Task<BandwidthPolicy> OrderAsync(ReplicaKey replica, Func<IBandwidthBrokerGrain, Task<BandwidthPolicy>> order, CancellationToken cancellationToken)
    {
        // Orders are kept for syncs that are still to begin, too: a name that was mistyped would never be noticed.
        await nodes.CheckAsync(replica, cancellationToken).ConfigureAwait(false);
        return await OrderAsync(order, cancellationToken).ConfigureAwait(false);
    }

    private Task<BandwidthPolicy> OrderAsync(Func<IBandwidthBrokerGrain, Task<BandwidthPolicy>> order, CancellationToken cancellationToken) =>
        GrainCalls.AskAsync(SluiceBandwidth.Broker, () => order(grains.Broker).WaitAsync(cancellationToken));
}
