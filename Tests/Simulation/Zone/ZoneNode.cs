using Sluice.Bandwidth;

namespace Sluice.Tests.Simulation.Zone;

/// <summary>A node: the bandwidth agent's own parts (grant table, clipping) around simulated links.</summary>
internal sealed class ZoneNode(string name, long speed, long ingressLimit)
{
    public const long Floor = 65_536;

    private static readonly BandwidthPolicy Policy = new();
    private long sequence;

    public string Name => name;

    public long Speed => speed;

    public ZoneLink Egress { get; } = new(speed);

    public ZoneLink Ingress { get; } = new(speed);

    public GrantTable Grants { get; } = new();

    public List<ZoneFlow> Flows { get; } = [];

    public long IngressLimit => ingressLimit;

    /// <summary>Which round waits for its answer; a later one supersedes it.</summary>
    public int Round { get; set; }

    public bool IsAsking { get; set; }

    public bool IsWoken { get; set; }

    public NodeBandwidthReport Report(DateTimeOffset now) => new()
    {
        Node = name,
        Sequence = ++sequence,
        IngressLimit = ingressLimit,
        MaxConcurrentSyncs = 2,
        HeadroomPercent = 10,
        FloorBytesPerSecond = Floor,
        Links = [Link(LinkDirection.Egress, Egress), Link(LinkDirection.Ingress, Ingress)],
        Flows = [.. Flows.Select(flow => flow.Report(Grants.Find(flow.Id, now)))],
    };

    /// <summary>Lets the flows send what they may now.</summary>
    public void Apply(NodeBandwidthReport report, DateTimeOffset now)
    {
        var local = Flows.Select(flow => new LocalFlow(flow.Id, flow.Class, "eth0", Grants.Find(flow.Id, now))).ToList();
        foreach (var (place, allowance) in NodeAllowances.Of(local, report, Policy, now).Index())
        {
            Flows[place].Rate = allowance.Pacing(0).BytesPerSecond;
        }
    }

    private static LinkReport Link(LinkDirection direction, ZoneLink link) =>
        new() { Interface = "eth0", Direction = direction, CapacityBytesPerSecond = link.Capacity, CapacitySource = CapacitySource.Configured };
}

/// <summary>A link and what flows put on it.</summary>
internal sealed class ZoneLink(long speed)
{
    public long Capacity { get; set; } = speed;

    public long Used { get; set; }

    /// <summary>When it last lost capacity.</summary>
    public DateTimeOffset SteppedAt { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Since when it is asked for more than it has; null: it is not.</summary>
    public DateTimeOffset? OverSince { get; set; }
}

/// <summary>A flow that always has more to send.</summary>
internal sealed class ZoneFlow(FlowId id, string qosClass, ZoneLink egress, ZoneLink ingress, DateTimeOffset openedAt)
{
    private long rate;

    public FlowId Id => id;

    public string Class => qosClass;

    public DateTimeOffset OpenedAt => openedAt;

    public long Rate
    {
        get => rate;
        set
        {
            egress.Used += value - rate;
            ingress.Used += value - rate;
            rate = value;
        }
    }

    public FlowReport Report(FlowGrant? grant) => new()
    {
        Flow = id,
        Class = qosClass,
        BytesPerSecond = rate,
        PacingBytesPerSecond = rate,
        HeldBy = FlowHold.Share,
        ShareInForce = grant?.BytesPerSecond ?? 0,
        LimitInForce = grant?.LimitBytesPerSecond ?? 0,
    };
}
