using System.Collections.Immutable;

namespace Sluice;

/// <summary>What one sending node tells of one flow. Rates are wire bytes per second (packet headers included) unless they say otherwise.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.FlowReport")]
public sealed record FlowReport
{
    [Id(0)] public required FlowId Flow { get; init; }

    /// <summary>The QoS class with which the flow was opened; the policy may have given its sync another one meanwhile.</summary>
    [Id(1)] public string Class { get; init; } = "";

    /// <summary>Bytes sent since the flow began.</summary>
    [Id(2)] public long SentBytes { get; init; }

    /// <summary>Bytes per second over the last interval.</summary>
    [Id(3)] public long BytesPerSecond { get; init; }

    /// <summary>The pacing rate in force, bytes per second; 0: none.</summary>
    [Id(4)] public long PacingBytesPerSecond { get; init; }

    /// <summary>The rate controller's own rate, bytes per second; 0: it has none yet.</summary>
    [Id(5)] public long ControllerBytesPerSecond { get; init; }

    /// <summary>What holds the flow at its pacing rate.</summary>
    [Id(6)] public FlowHold HeldBy { get; init; }

    /// <summary>The delivery rate that the sender's TCP measured, bytes per second; 0: not known.</summary>
    [Id(7)] public long DeliveryBytesPerSecond { get; init; }

    /// <summary>The delivery rate shows what the network gives: neither pacing nor a lack of data held the flow below it.</summary>
    [Id(8)] public bool IsNetworkLimited { get; init; }

    /// <summary>The smoothed round trip time; zero: not known.</summary>
    [Id(9)] public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The round trip time of the empty path; zero: not known.</summary>
    [Id(10)] public TimeSpan BaseRtt { get; init; }

    /// <summary>What queues add to the base rtt at present.</summary>
    [Id(11)] public TimeSpan QueueDelay { get; init; }

    /// <summary>Bytes that were sent more than once since the flow began.</summary>
    [Id(12)] public long RetransmittedBytes { get; init; }

    /// <summary>Payload that is still to be sent; -1: not known, or without an end (a log).</summary>
    [Id(13)] public long RemainingBytes { get; init; } = -1;

    /// <summary>What the flow could use, bytes per second; 0: as much as it can get.</summary>
    [Id(14)] public long DemandBytesPerSecond { get; init; }

    /// <summary>The sender's network interface that carries it; empty: not known.</summary>
    [Id(15)] public string Interface { get; init; } = "";

    /// <summary>The share of the grant that the sender keeps to at present, bytes per second; 0: none, or paused.</summary>
    [Id(16)] public long ShareInForce { get; init; }

    /// <summary>The limit of that grant, bytes per second; 0: none, or paused.</summary>
    [Id(17)] public long LimitInForce { get; init; }

    /// <summary>A probe above the share has shown since the report before that so much passes without a queue, bytes per second; 0: none has.</summary>
    [Id(18)] public long ProvedBytesPerSecond { get; init; }

    /// <summary>A probe above the share met a queue since the report before: the link has no more than is believed.</summary>
    [Id(19)] public bool ProbeMetQueue { get; init; }

    /// <summary>How long the rest takes at the present rate; null: not known, or the flow is paused.</summary>
    public TimeSpan? TimeLeft() =>
        RemainingBytes >= 0 && BytesPerSecond > 0 && HeldBy != FlowHold.Paused ? TimeSpan.FromSeconds(Math.Min(1e9, (double)RemainingBytes / BytesPerSecond)) : null;
}

/// <summary>What holds a flow at its pacing rate.</summary>
[GenerateSerializer, Alias("Sluice.FlowHold")]
public enum FlowHold
{
    /// <summary>Not known, or nothing.</summary>
    None = 0,

    /// <summary>It begins, and its rate still doubles.</summary>
    StartUp = 1,

    /// <summary>The rate controller: more would stand in a queue.</summary>
    Delay = 2,

    /// <summary>Its share of a link's capacity.</summary>
    Share = 3,

    /// <summary>A limit that an operator has set.</summary>
    Limit = 4,

    /// <summary>It has nothing more to send, or its receiver takes no more.</summary>
    Application = 5,

    /// <summary>It is paused by an operator's order.</summary>
    Paused = 6,

    /// <summary>It has no fresh grant, and keeps to its floor.</summary>
    Floor = 7,
}

/// <summary>Which way a link carries, seen from its node.</summary>
[GenerateSerializer, Alias("Sluice.LinkDirection")]
public enum LinkDirection
{
    /// <summary>From the node to others.</summary>
    Egress = 0,

    /// <summary>From others to the node.</summary>
    Ingress = 1,
}

/// <summary>How a link's capacity is known.</summary>
[GenerateSerializer, Alias("Sluice.CapacitySource")]
public enum CapacitySource
{
    /// <summary>It is not.</summary>
    Unknown = 0,

    /// <summary>An operator said so (<c>link-capacity</c>).</summary>
    Configured = 1,

    /// <summary>The interface's own speed.</summary>
    Interface = 2,

    /// <summary>From what flows observed when they were network-limited: a rise is found only by flows that probe.</summary>
    Estimated = 3,
}

/// <summary>A link: a node's network interface, in one direction. Rates are wire bytes per second, packet headers included.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.LinkReport")]
public sealed record LinkReport
{
    /// <summary>The interface's name, for example <c>eth0</c>.</summary>
    [Id(0)] public required string Interface { get; init; }
    [Id(1)] public LinkDirection Direction { get; init; }

    /// <summary>What it can carry; 0: not known.</summary>
    [Id(2)] public long CapacityBytesPerSecond { get; init; }

    /// <summary>How the capacity is known.</summary>
    [Id(3)] public CapacitySource CapacitySource { get; init; }

    /// <summary>What it carries at present besides flows.</summary>
    [Id(4)] public long ForegroundBytesPerSecond { get; init; }

    /// <summary>What flows take of it at present, this node's own measurement.</summary>
    [Id(5)] public long FlowBytesPerSecond { get; init; }

    /// <summary>What it carried in the last interval, flows and foreground, by the interface's own counters; 0: nothing, or not known.</summary>
    [Id(6)] public long CarriedBytesPerSecond { get; init; }

    /// <summary>What it should carry: the configured capacity, or the best speed that the interface has shown since the node started, or the most that it carried lately; 0: not known.</summary>
    [Id(7)] public long NormalBytesPerSecond { get; init; }

    /// <summary>It leads to the same host: nothing is ever estimated of it, for its only limit is the processor.</summary>
    [Id(8)] public bool IsLoopback { get; init; }
}

/// <summary>Which interface leads to another node.</summary>
/// <param name="Node">The other node.</param>
/// <param name="Interface">The interface to it and from it.</param>
[GenerateSerializer, Immutable, Alias("Sluice.PeerRoute")]
public sealed record PeerRoute([property: Id(0)] string Node, [property: Id(1)] string Interface);

/// <summary>
/// One node's report of one interval: its whole state, not a change, so that a lost report is made good by the next one and one that comes twice counts once.
/// </summary>
[GenerateSerializer, Immutable, Alias("Sluice.NodeBandwidthReport")]
public sealed record NodeBandwidthReport
{
    /// <summary>A headroom that follows from how the capacity is known: some of one that was configured or that an interface reports, nothing of an estimate.</summary>
    public const int AutoHeadroom = -1;

    [Id(0)] public required string Node { get; init; }

    /// <summary>This node's limit on copies that it receives (throttle-bytes-per-second), bytes per second; 0: none.</summary>
    [Id(1)] public long IngressLimit { get; init; }

    /// <summary>This node's limit on copies that it sends (sync-egress-bytes-per-second), bytes per second; 0: none.</summary>
    [Id(2)] public long EgressLimit { get; init; }

    /// <summary>At most so many full copies over each of its links at once, in either direction (max-concurrent-syncs); at least 1.</summary>
    [Id(3)] public int MaxConcurrentSyncs { get; init; }

    /// <summary>What a flow may send at the least (sync-floor-bytes-per-second), bytes per second; above 0.</summary>
    [Id(5)] public long FloorBytesPerSecond { get; init; } = 1;

    /// <summary>The flows that this node sends.</summary>
    [Id(4)] public ImmutableArray<FlowReport> Flows { get; init; } = [];

    /// <summary>The node's links, each interface in both directions; an interface that it knows nothing of may be left out.</summary>
    [Id(6)] public ImmutableArray<LinkReport> Links { get; init; } = [];

    /// <summary>
    /// The interfaces to the nodes that this one exchanges flows with. A node that is not named here is behind the node's only interface, or, when it has several, behind one that is not known.
    /// </summary>
    [Id(7)] public ImmutableArray<PeerRoute> Routes { get; init; } = [];

    /// <summary>The part of a known capacity that flows leave free (sync-headroom-percent), 0 to 90 per cent, or <see cref="AutoHeadroom"/>.</summary>
    [Id(8)] public int HeadroomPercent { get; init; }

    /// <summary>Rises from report to report of a node, over restarts too: of two, the broker keeps the one with the higher number, whatever the order in which they come.</summary>
    [Id(9)] public long Sequence { get; init; }

    /// <summary>The version of the newest policy that this node knows; -1: none yet.</summary>
    [Id(10)] public long PolicyVersion { get; init; }

    /// <summary>That policy, when the broker's last answer showed an older one: a broker that was activated anew learns it so even while the grain that keeps it is down.</summary>
    [Id(11)] public BandwidthPolicy? Policy { get; init; }

    /// <summary>What the node has found wrong by itself.</summary>
    [Id(12)] public ImmutableArray<BandwidthAlert> Alerts { get; init; } = [];
}
