using System.Collections.Immutable;

namespace Sluice;

/// <summary>What a flow carries.</summary>
[GenerateSerializer, Alias("Sluice.FlowKind")]
public enum FlowKind
{
    /// <summary>The files of a snapshot.</summary>
    Snapshot = 0,

    /// <summary>A shard's log.</summary>
    Log = 1,
}

/// <summary>Names one flow.</summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Source">The sending node.</param>
/// <param name="Replica">The replica that receives it.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FlowId")]
public sealed record FlowId([property: Id(0)] FlowKind Kind, [property: Id(1)] string Source, [property: Id(2)] ReplicaKey Replica)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} {Source} -> {Replica}";
}

/// <summary>What one sending node tells of one flow.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.FlowReport")]
public sealed record FlowReport
{
    [Id(0)] public required FlowId Flow { get; init; }

    /// <summary>The QoS class.</summary>
    [Id(1)] public string Class { get; init; } = "";

    /// <summary>Bytes sent since the flow began.</summary>
    [Id(2)] public long SentBytes { get; init; }

    /// <summary>Bytes per second over the last interval.</summary>
    [Id(3)] public long BytesPerSecond { get; init; }

    /// <summary>The pacing rate in force, bytes per second; 0: none.</summary>
    [Id(4)] public long PacingBytesPerSecond { get; init; }
}

/// <summary>One node's report of one interval.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.NodeBandwidthReport")]
public sealed record NodeBandwidthReport
{
    [Id(0)] public required string Node { get; init; }

    /// <summary>This node's limit on copies that it receives (throttle-bytes-per-second), bytes per second; 0: none.</summary>
    [Id(1)] public long IngressLimit { get; init; }

    /// <summary>This node's limit on copies that it sends (sync-egress-bytes-per-second), bytes per second; 0: none.</summary>
    [Id(2)] public long EgressLimit { get; init; }

    /// <summary>At most so many full copies to this node at once (max-rsync-parallel-num).</summary>
    [Id(3)] public int MaxConcurrentSyncs { get; init; }

    /// <summary>What a flow may send at the least (sync-floor-bytes-per-second), bytes per second; above 0.</summary>
    [Id(5)] public long FloorBytesPerSecond { get; init; } = 1;

    /// <summary>The flows that this node sends.</summary>
    [Id(4)] public ImmutableArray<FlowReport> Flows { get; init; } = [];
}

/// <summary>The broker's answer to a report.</summary>
/// <param name="Grants">One for each flow that the node sends or receives.</param>
/// <param name="ValidFor">The grants expire after this time from their arrival.</param>
[GenerateSerializer, Immutable, Alias("Sluice.NodeGrants")]
public sealed record NodeGrants([property: Id(0)] ImmutableArray<FlowGrant> Grants, [property: Id(1)] TimeSpan ValidFor);

/// <summary>So many bytes per second for a flow.</summary>
/// <param name="Flow">The flow.</param>
/// <param name="BytesPerSecond">The rate; 0: no limit.</param>
/// <param name="Reason">What decides the rate, in a few words for a person.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FlowGrant")]
public sealed record FlowGrant([property: Id(0)] FlowId Flow, [property: Id(1)] long BytesPerSecond, [property: Id(2)] string Reason);

/// <summary>A sync asks to begin.</summary>
/// <param name="Replica">The replica to be built.</param>
/// <param name="Source">The node that will send.</param>
/// <param name="Class">The QoS class.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SyncRequest")]
public sealed record SyncRequest([property: Id(0)] ReplicaKey Replica, [property: Id(1)] string Source, [property: Id(2)] string Class);

/// <summary>The broker's answer to a <see cref="SyncRequest"/>.</summary>
/// <param name="Admitted">The sync may begin.</param>
/// <param name="QueuePosition">Its place in the queue, from 1; 0 when admitted.</param>
/// <param name="Reason">Why it waits; empty when admitted.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SyncAdmission")]
public sealed record SyncAdmission([property: Id(0)] bool Admitted, [property: Id(1)] int QueuePosition, [property: Id(2)] string Reason);

/// <summary>What the broker knows.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.BandwidthStatus")]
public sealed record BandwidthStatus
{
    [Id(0)] public ImmutableArray<NodeBandwidthReport> Nodes { get; init; } = [];
    [Id(1)] public ImmutableArray<FlowGrant> Grants { get; init; } = [];

    /// <summary>Full copies under way.</summary>
    [Id(2)] public ImmutableArray<ReplicaKey> Admitted { get; init; } = [];

    /// <summary>Full copies that wait, first one first.</summary>
    [Id(3)] public ImmutableArray<ReplicaKey> Queued { get; init; } = [];
}
