using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Sluice;

/// <summary>
/// Which node is primary of which shard, which nodes hold replicas, at which epoch (one grain, key 0). Persisted; each change is a compare-and-set:
/// one whose expectation no longer holds is refused and changes nothing.
/// </summary>
[Alias("Sluice.ITopologyGrain")]
public interface ITopologyGrain : IGrainWithIntegerKey
{
    /// <summary>The present topology.</summary>
    [Alias("Get"), ReadOnly]
    Task<ClusterTopology> Get();

    /// <summary>
    /// Makes a node known, or its new address. The first node to join a new cluster becomes primary of all shards.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="shardCount">The number of shards that it was set up for.</param>
    /// <param name="cluster">The cluster that its data belongs to; <see cref="Guid.Empty"/>: it has none yet.</param>
    /// <exception cref="OrderRefusedException">The node was set up for another number of shards, or holds data of another cluster.</exception>
    [Alias("Join")]
    Task<ClusterTopology> Join(NodeAddress node, int shardCount, Guid cluster);

    /// <summary>Makes a node hold a replica of a shard. Does nothing when it does already.</summary>
    /// <exception cref="OrderRefusedException">The node is the shard's primary, or unknown.</exception>
    [Alias("AddReplicas")]
    Task<ClusterTopology> AddReplicas(string node, int[] shards);

    /// <summary>Makes a node hold replicas of all shards whose primary is another one, and no other replicas.</summary>
    /// <exception cref="OrderRefusedException">The node is unknown.</exception>
    [Alias("Follow")]
    Task<ClusterTopology> Follow(string node, string source);

    /// <summary>Makes a node hold no replica of a shard any more. Does nothing when it holds none.</summary>
    /// <exception cref="OrderRefusedException">The node is the shard's primary.</exception>
    [Alias("RemoveReplicas")]
    Task<ClusterTopology> RemoveReplicas(string node, int[] shards);

    /// <summary>
    /// Makes a replica its shard's primary and raises the epoch, if the epoch still is <paramref name="expectedEpoch"/>; the old primary becomes a replica.
    /// </summary>
    /// <exception cref="OrderRefusedException">The epoch has moved on, or the node holds no replica of the shard.</exception>
    [Alias("Promote")]
    Task<ClusterTopology> Promote(int shard, string node, long expectedEpoch);

    /// <summary>Gives a node's primaries new epochs, where the node still is primary and the epoch still is the one that it says has ended. The others stay as they are: the answer tells.</summary>
    [Alias("BeginReigns")]
    Task<ClusterTopology> BeginReigns(string node, ImmutableArray<EndedReign> ended);
}
