using System.Collections.Immutable;

namespace Sluice;

/// <summary>The broker's answer to a report.</summary>
/// <param name="Grants">One for each flow that the node sends or receives.</param>
/// <param name="ValidFor">The grants expire after this time from their arrival.</param>
[GenerateSerializer, Immutable, Alias("Sluice.NodeGrants")]
public sealed record NodeGrants([property: Id(0)] ImmutableArray<FlowGrant> Grants, [property: Id(1)] TimeSpan ValidFor)
{
    /// <summary>The version of the policy that the broker knows; -1: none yet.</summary>
    [Id(2)] public long PolicyVersion { get; init; }

    /// <summary>That policy, when the node's report showed an older one.</summary>
    [Id(3)] public BandwidthPolicy? Policy { get; init; }

    /// <summary>The node's links as the broker sees them: with what it found out from all nodes' flows together.</summary>
    [Id(4)] public ImmutableArray<LinkStatus> Links { get; init; } = [];

    /// <summary>When the broker wants the next report; zero: at the node's usual interval.</summary>
    [Id(5)] public TimeSpan ReportAfter { get; init; }

    /// <summary>
    /// The broker was activated a moment ago and has not heard of all nodes yet: there are no new grants, those that the node holds are good for <see cref="ValidFor"/> longer.
    /// </summary>
    [Id(6)] public bool IsPartial { get; init; }
}

/// <summary>
/// So many bytes per second for a flow. It sends at the smallest of its limit and the larger of its floor and the smaller of its share and its controller's rate:
/// min(limit, max(floor, min(share, controller))).
/// </summary>
/// <param name="Flow">The flow.</param>
/// <param name="BytesPerSecond">The share: the flow's part of the links' known capacities, in wire bytes per second; 0: no capacity is known, the flow's controller alone decides.</param>
/// <param name="Reason">What decides the rate, in a few words for a person.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FlowGrant")]
public sealed record FlowGrant([property: Id(0)] FlowId Flow, [property: Id(1)] long BytesPerSecond, [property: Id(2)] string Reason)
{
    /// <summary>What operators' limits allow the flow, in wire bytes per second, never overshot; 0: there is none. Where there is a share, the limit is never below it.</summary>
    [Id(3)] public long LimitBytesPerSecond { get; init; }

    /// <summary>An operator has paused the sync: its sender sends nothing but heartbeats.</summary>
    [Id(4)] public bool IsPaused { get; init; }

    /// <summary>When the pause ends by itself; null: not paused, or until it is resumed.</summary>
    [Id(5)] public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>The QoS class that the policy gives the flow at present.</summary>
    [Id(6)] public string Class { get; init; } = "";

    /// <summary>The share comes from an estimated capacity: a flow that only its share holds may probe above it, though never above its limit.</summary>
    [Id(7)] public bool IsEstimated { get; init; }

    /// <summary>Where a probe above an estimated share begins, bytes per second: with what the link leaves beside all shares, and a tenth of the link more; 0: there is no such share.</summary>
    [Id(8)] public long ProbeBytesPerSecond { get; init; }

    /// <summary>The smaller of share and limit, bytes per second; 0: neither is known.</summary>
    public long Ceiling() => (BytesPerSecond, LimitBytesPerSecond) switch
    {
        (0, var limit) => limit,
        (var share, 0) => share,
        var (share, limit) => Math.Min(share, limit),
    };
}
