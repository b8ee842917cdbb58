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

    /// <summary>Gives a sync another class or limit, also while it runs; it takes effect within one second, and stays until it is changed back. What is null stays.</summary>
    /// <exception cref="SluiceException">There is no such replica.</exception>
    /// <exception cref="OrderRefusedException">There is no such class, or the limit is outside its range.</exception>
    Task<SyncPolicy> SetAsync(ReplicaKey replica, SyncTerms terms, CancellationToken cancellationToken = default);

    /// <summary>Pauses a full copy, running or still to begin, within one second. Nothing that was copied is lost; a log that follows the copy goes on.</summary>
    /// <param name="replica">The replica that it builds.</param>
    /// <param name="until">When it goes on by itself; null: when it is resumed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="SluiceException">There is no such replica.</exception>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    Task PauseAsync(ReplicaKey replica, DateTimeOffset? until = null, CancellationToken cancellationToken = default);

    /// <summary>Lets a paused full copy go on. A pause of all is not ended by it.</summary>
    Task ResumeAsync(ReplicaKey replica, CancellationToken cancellationToken = default);

    /// <summary>Pauses all full copies of the cluster, running or still to begin.</summary>
    /// <param name="until">When they go on by themselves; null: when they are resumed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    Task PauseAllAsync(DateTimeOffset? until = null, CancellationToken cancellationToken = default);

    /// <summary>Ends the pause of all. A copy that was paused by itself stays paused.</summary>
    Task ResumeAllAsync(CancellationToken cancellationToken = default);
}

/// <summary>A change of one sync's terms; what is null stays.</summary>
public sealed record SyncTerms
{
    /// <summary>The QoS class; empty: the one that it was begun with.</summary>
    public string? Class { get; init; }

    /// <summary>Its limit, bytes per second; 0: none of its own.</summary>
    public long? LimitBytesPerSecond { get; init; }
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
