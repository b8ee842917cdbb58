using System.Collections.Immutable;

namespace Sluice.Client;

/// <summary>The cluster's nodes.</summary>
public interface ISluiceNodes
{
    /// <summary>The present topology.</summary>
    Task<ClusterTopology> GetTopologyAsync(CancellationToken cancellationToken = default);

    /// <summary>All nodes that ever joined, each with its report or with why there is none; all are asked side by side.</summary>
    Task<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>A node's report.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<NodeReport> GetReportAsync(string node, CancellationToken cancellationToken = default);

    /// <summary>A node's parameters whose names match a glob pattern.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<IReadOnlyList<ConfigParameter>> GetParametersAsync(string node, string pattern, CancellationToken cancellationToken = default);

    /// <summary>Changes a node's parameters, all or none.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">A name is unknown or a value outside its range.</exception>
    Task SetParametersAsync(string node, ImmutableArray<ConfigParameter> parameters, CancellationToken cancellationToken = default);

    /// <summary>Digests of all that a node holds; reads all of its data.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<NodeDigest> ComputeDigestAsync(string node, CancellationToken cancellationToken = default);
}

/// <summary>A node, seen from outside.</summary>
/// <param name="Address">Where it is reached.</param>
/// <param name="Report">What it says of itself; null when it does not answer.</param>
/// <param name="Problem">Why there is no report; empty when there is one.</param>
public sealed record NodeState(NodeAddress Address, NodeReport? Report, string Problem);

/// <summary>The digest of one shard's replica.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Digest">Its digest.</param>
public sealed record ShardDigestOfNode(int Shard, ShardDigest Digest);

/// <summary>Digests of all that a node holds.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Shards">One for each shard, in order.</param>
/// <param name="Keys">How many keys they cover.</param>
/// <param name="Bytes">How many bytes of keys and values they cover.</param>
/// <param name="Sha256">SHA-256 over the lines <c>shard sha256</c> of all shards; hexadecimal.</param>
public sealed record NodeDigest(string Node, ImmutableArray<ShardDigestOfNode> Shards, long Keys, long Bytes, string Sha256);
