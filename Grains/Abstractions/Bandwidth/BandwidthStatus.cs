using System.Collections.Immutable;

namespace Sluice;

/// <summary>What the broker knows.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.BandwidthStatus")]
public sealed record BandwidthStatus
{
    /// <summary>The newest report of each node that is alive.</summary>
    [Id(0)] public ImmutableArray<NodeBandwidthReport> Nodes { get; init; } = [];

    /// <summary>The grants of all flows.</summary>
    [Id(1)] public ImmutableArray<FlowGrant> Grants { get; init; } = [];

    /// <summary>Full copies under way.</summary>
    [Id(2)] public ImmutableArray<ReplicaKey> Admitted { get; init; } = [];

    /// <summary>Full copies that wait, first one first.</summary>
    [Id(3)] public ImmutableArray<ReplicaKey> Queued { get; init; } = [];

    /// <summary>Why they wait, in the same order.</summary>
    [Id(4)] public ImmutableArray<QueuedSync> Queue { get; init; } = [];

    /// <summary>All links that a node has told of.</summary>
    [Id(5)] public ImmutableArray<LinkStatus> Links { get; init; } = [];

    /// <summary>The policy in force.</summary>
    [Id(6)] public BandwidthPolicy Policy { get; init; } = new();

    /// <summary>What is wrong at present, found by the broker or by a node, oldest first.</summary>
    [Id(7)] public ImmutableArray<BandwidthAlert> Alerts { get; init; } = [];
}

/// <summary>A link as the broker sees it. Rates in wire bytes per second.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.LinkStatus")]
public sealed record LinkStatus
{
    [Id(0)] public required string Node { get; init; }

    /// <summary>As the node has reported it.</summary>
    [Id(1)] public required LinkReport Link { get; init; }

    /// <summary>What flows may take of it: capacity less headroom and foreground; 0 when the capacity is not known.</summary>
    [Id(2)] public long AvailableBytesPerSecond { get; init; }

    /// <summary>The sum of the shares of its flows.</summary>
    [Id(3)] public long AllocatedBytesPerSecond { get; init; }

    /// <summary>How many flows cross it.</summary>
    [Id(4)] public int Flows { get; init; }
}
