using System.Collections.Immutable;

namespace Sluice.Client;

/// <summary>The syncs of the cluster's replicas.</summary>
public interface ISluiceSyncs
{
    /// <summary>Where all syncs stand, or those of one node.</summary>
    /// <param name="node">The receiving node; null: all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<SyncSnapshot> ListAsync(string? node = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// The same again and again, without an end: at once, then after each interval. A node or a cluster that does not answer is a problem in the snapshot,
    /// not the end of the watch.
    /// </summary>
    /// <param name="node">The receiving node; null: all.</param>
    /// <param name="interval">Null: the options' interval.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    IAsyncEnumerable<SyncSnapshot> WatchAsync(string? node = null, TimeSpan? interval = null, CancellationToken cancellationToken = default);
}

/// <summary>Where syncs stand at one moment.</summary>
/// <param name="At">When they were asked.</param>
/// <param name="Syncs">The syncs, by shard and node.</param>
/// <param name="Problems">One sentence for each node that does not answer.</param>
public sealed record SyncSnapshot(DateTimeOffset At, ImmutableArray<SyncProgress> Syncs, ImmutableArray<string> Problems)
{
    /// <summary>There are syncs, all of them are live, and all nodes answer.</summary>
    public bool AllLive => !Syncs.IsEmpty && Problems.IsEmpty && Syncs.All(sync => sync.State == SyncState.Live);
}
