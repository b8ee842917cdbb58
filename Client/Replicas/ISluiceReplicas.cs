namespace Sluice.Client;

/// <summary>The replicas of the cluster's shards.</summary>
public interface ISluiceReplicas
{
    /// <summary>All replicas, by shard and then by node, primaries first.</summary>
    Task<IReadOnlyList<ReplicaState>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>One replica; null when the topology knows none.</summary>
    Task<ReplicaState?> FindAsync(ReplicaKey replica, CancellationToken cancellationToken = default);

    /// <summary>Makes a node hold replicas of these shards, of all shards when none is named. Does nothing where it does already, or is the primary.</summary>
    /// <returns>The shards that the node now holds a replica of and did not before.</returns>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">The cluster refuses.</exception>
    Task<IReadOnlyList<int>> AddAsync(string node, IReadOnlyCollection<int>? shards = null, CancellationToken cancellationToken = default);

    /// <summary>Makes a node the replica of another: of every shard whose primary that is (REPLICAOF).</summary>
    /// <param name="node">The node that will hold the replicas.</param>
    /// <param name="source">The primary's node.</param>
    /// <param name="force">Copy in full even if the log would do.</param>
    /// <param name="cancellationToken">Ends the wait, not the order.</param>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">The cluster refuses.</exception>
    Task FollowAsync(string node, string source, bool force = false, CancellationToken cancellationToken = default);

    /// <summary>Makes a node hold no replica of these shards any more; of none at all when none is named. Never touches a primary.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">The cluster refuses.</exception>
    Task RemoveAsync(string node, IReadOnlyCollection<int>? shards = null, CancellationToken cancellationToken = default);

    /// <summary>Makes a node the primary of every shard that it holds a live replica of (REPLICAOF NO ONE).</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">A replica is not live.</exception>
    Task PromoteAsync(string node, CancellationToken cancellationToken = default);
}

/// <summary>One replica, as topology and its node tell.</summary>
/// <param name="Replica">The shard and the node.</param>
/// <param name="Role">Primary or replica.</param>
/// <param name="Epoch">The shard's epoch.</param>
/// <param name="Status">What the replica holds; null when its node does not answer or has not opened it.</param>
/// <param name="Sync">Where its sync stands; null for a primary, and when its node does not answer.</param>
/// <param name="Problem">Why the node does not answer; empty when it does.</param>
public sealed record ReplicaState(ReplicaKey Replica, ReplicaRole Role, long Epoch, ShardStatus? Status, SyncProgress? Sync, string Problem);
