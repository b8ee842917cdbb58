using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Sluice;

/// <summary>Node-wide orders and a node's report for operators (key: the node's name, placed on that node).</summary>
[Alias("Sluice.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Makes this node hold a replica of every shard whose primary is the node with this RESP address.</summary>
    /// <exception cref="OrderRefusedException">No node of the cluster has that address, or it is this node.</exception>
    [Alias("ReplicaOf")]
    Task ReplicaOf(ReplicaOfOrder order);

    /// <summary>Makes this node the primary of every shard that it holds a whole replica of (REPLICAOF NO ONE). While the primary answers, it hands over without loss.</summary>
    /// <exception cref="OrderRefusedException">Not all could be promoted; the message says which, and why.</exception>
    [Alias("Promote"), ResponseTimeout("00:01:00")]
    Task Promote();

    /// <summary>Hands this node's primaries over to one of their replicas (FAILOVER). Answered when it has begun; <see cref="NodeReport.Failover"/> tells how it goes.</summary>
    /// <exception cref="OrderRefusedException">In Redis' words.</exception>
    [Alias("Failover")]
    Task Failover(FailoverOrder order);

    /// <summary>Gives a FAILOVER up, where it is not too late.</summary>
    /// <exception cref="OrderRefusedException">None is under way.</exception>
    [Alias("AbortFailover"), AlwaysInterleave]
    Task AbortFailover();

    /// <summary>Gives up the replicas of these shards; all that this node holds without being primary when the list is empty.</summary>
    [Alias("DropReplicas")]
    Task DropReplicas(ImmutableArray<int> shards);

    /// <summary>The topology has changed.</summary>
    [Alias("TopologyChanged")]
    Task TopologyChanged(ClusterTopology topology);

    /// <summary>The topology as this node knows it, whether or not the coordinator is up.</summary>
    [Alias("GetTopology"), AlwaysInterleave]
    Task<ClusterTopology> GetTopology();

    /// <summary>Another node than the coordinator knows a newer topology.</summary>
    [Alias("HearTopology")]
    Task HearTopology(ClusterTopology topology);

    /// <summary>
    /// Makes this node the coordinator, which keeps the topology, because the present one is down for good. Idempotent. An old coordinator that comes back yields as soon as it hears of it.
    /// </summary>
    /// <returns>The topology of the new term.</returns>
    /// <exception cref="OrderRefusedException">The present coordinator answers, or another node has taken over already.</exception>
    [Alias("TakeCoordination"), ResponseTimeout("00:01:00")]
    Task<ClusterTopology> TakeCoordination();

    /// <summary>What this node is and does.</summary>
    [Alias("GetReport"), AlwaysInterleave]
    Task<NodeReport> GetReport();

    /// <summary>Parameters whose names match a glob pattern.</summary>
    [Alias("GetConfig"), AlwaysInterleave]
    Task<ImmutableArray<ConfigParameter>> GetConfig(string pattern);

    /// <summary>Changes parameters, all or none.</summary>
    /// <exception cref="OrderRefusedException">A name is unknown or a value outside its range.</exception>
    [Alias("SetConfig"), AlwaysInterleave]
    Task SetConfig(ImmutableArray<ConfigParameter> parameters);
}

/// <summary>REPLICAOF host port [FORCE].</summary>
/// <param name="Host">An IP address or a name, as the operator wrote it.</param>
/// <param name="Port">The RESP port.</param>
/// <param name="Force">Copy in full even if the log would do.</param>
[GenerateSerializer, Immutable, Alias("Sluice.ReplicaOfOrder")]
public sealed record ReplicaOfOrder([property: Id(0)] string Host, [property: Id(1)] int Port, [property: Id(2)] bool Force)
{
    /// <summary>Another live replica, whose link a full copy takes instead of the primary's; null: the primary.</summary>
    [Id(3)] public RespAddress? From { get; init; }
}

/// <summary>A node's RESP address as an operator writes it.</summary>
/// <param name="Host">An IP address or a name.</param>
/// <param name="Port">The RESP port.</param>
[GenerateSerializer, Immutable, Alias("Sluice.RespAddress")]
public sealed record RespAddress([property: Id(0)] string Host, [property: Id(1)] int Port);

/// <summary>A configuration parameter and its value as CONFIG GET shows it.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.ConfigParameter")]
public sealed record ConfigParameter([property: Id(0)] string Name, [property: Id(1)] string Value);

/// <summary>What a node is and does.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.NodeReport")]
public sealed record NodeReport
{
    [Id(0)] public required NodeAddress Address { get; init; }
    [Id(1)] public string Version { get; init; } = "";
    [Id(2)] public int ProcessId { get; init; }
    [Id(3)] public TimeSpan Uptime { get; init; }

    /// <summary>Resident memory of the process in bytes.</summary>
    [Id(4)] public long ResidentBytes { get; init; }

    /// <summary>Memory that RocksDB holds (block cache, memtables, table readers) in bytes; part of the resident memory, bounded by configuration.</summary>
    [Id(5)] public long EngineMemoryBytes { get; init; }

    [Id(6)] public ImmutableArray<ShardStatus> Shards { get; init; } = [];
    [Id(7)] public ImmutableArray<SyncProgress> Syncs { get; init; } = [];

    /// <summary>How far a FAILOVER of this node's primaries is.</summary>
    [Id(8)] public FailoverPhase Failover { get; init; }
}
