using System.Collections.Immutable;

namespace Sluice;

/// <summary>An immutable picture of the cluster.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.ClusterTopology")]
public sealed record ClusterTopology
{
    /// <summary>Made when the first node joined; a data directory of another cluster is refused.</summary>
    [Id(0)] public Guid ClusterId { get; init; }

    /// <summary>Rises by one with each change.</summary>
    [Id(1)] public long Version { get; init; }

    /// <summary>All nodes that ever joined, by name.</summary>
    [Id(2)] public ImmutableArray<NodeAddress> Nodes { get; init; } = [];

    /// <summary>All shards, in order; empty before the first node has joined.</summary>
    [Id(3)] public ImmutableArray<ShardAssignment> Shards { get; init; } = [];

    /// <summary>The node that keeps the topology; empty: the node of the first seed, as long as nobody has taken over from it.</summary>
    [Id(4)] public string Coordinator { get; init; } = "";

    /// <summary>Rises by one with each takeover: what an older coordinator still changes counts for nothing.</summary>
    [Id(5)] public long Term { get; init; }

    /// <summary>Whether this picture replaces another one: by term, then by version.</summary>
    public bool IsNewerThan(ClusterTopology other) => Term != other.Term ? Term > other.Term : Version > other.Version;

    /// <summary>The node of this name, or null.</summary>
    public NodeAddress? FindNode(string name) => Nodes.FirstOrDefault(node => string.Equals(node.Name, name, StringComparison.Ordinal));

    /// <summary>The shards that a node holds a replica of, as primary or not.</summary>
    public IEnumerable<ShardAssignment> HeldBy(string node) => Shards.Where(shard => shard.RoleOf(node) != ReplicaRole.None);
}

/// <summary>Who holds a shard.</summary>
/// <param name="Shard">0 to shard count - 1.</param>
/// <param name="Epoch">Rises with each change of primary, from 1.</param>
/// <param name="Primary">The primary's node.</param>
/// <param name="Replicas">The other nodes that hold a replica.</param>
[GenerateSerializer, Immutable, Alias("Sluice.ShardAssignment")]
public sealed record ShardAssignment([property: Id(0)] int Shard, [property: Id(1)] long Epoch, [property: Id(2)] string Primary, [property: Id(3)] ImmutableArray<string> Replicas)
{
    /// <summary>What a node is to this shard.</summary>
    public ReplicaRole RoleOf(string node) =>
        string.Equals(Primary, node, StringComparison.Ordinal) ? ReplicaRole.Primary
        : Replicas.Contains(node, StringComparer.Ordinal) ? ReplicaRole.Replica
        : ReplicaRole.None;
}

/// <summary>Where a node is reached.</summary>
/// <param name="Name">Its stable name.</param>
/// <param name="Host">The IP address at which other nodes and clients reach it.</param>
/// <param name="RespPort">Its RESP port.</param>
/// <param name="ReplicationPort">Its replication port.</param>
[GenerateSerializer, Immutable, Alias("Sluice.NodeAddress")]
public sealed record NodeAddress([property: Id(0)] string Name, [property: Id(1)] string Host, [property: Id(2)] int RespPort, [property: Id(3)] int ReplicationPort);
