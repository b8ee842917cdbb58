using System.Collections.Immutable;
using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

/// <summary>
/// A broker and its nodes in virtual time: every node has one interface, reports every 250 ms, and its flows, which always have more to send, go at what the broker and the links' true capacities allow. A flow below its share
/// is held by delay, another by its share.
/// </summary>
internal sealed class ClusterUnderTest
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // As ShareProbe: about every three seconds.
    private const int ProbeEvery = 12;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string[] nodes;
    private readonly long speed;
    private readonly List<FlowId> flows = [];
    private readonly Dictionary<FlowId, FlowGrant> grants = [];
    private readonly Dictionary<LinkKey, double> truth = [];
    private long sequence;

    public ClusterUnderTest(long speed, params string[] nodes)
    {
        this.nodes = nodes;
        this.speed = speed;
        Broker = new BandwidthBroker(Start, nodes);
        foreach (var node in nodes)
        {
            truth[Egress(node)] = truth[Ingress(node)] = speed;
        }
    }

    public BandwidthBroker Broker { get; }

    public DateTimeOffset Now { get; private set; } = Start;

    public List<AlertChange> Changes { get; } = [];

    public static LinkKey Egress(string node) => new(node, "eth0", LinkDirection.Egress);

    public static LinkKey Ingress(string node) => new(node, "eth0", LinkDirection.Ingress);

    public void Copy(string from, string to, int shard) => flows.Add(new FlowId(FlowKind.Snapshot, from, new ReplicaKey(shard, to)));

    public void Shape(LinkKey link, double bytesPerSecond) => truth[link] = bytesPerSecond;

    public LinkReport Known(LinkKey link) =>
        Broker.Status(Now).Links.Single(status => new LinkKey(status.Node, status.Link.Interface, status.Link.Direction) == link).Link;

    /// <summary>Lets the time pass, or until something is so.</summary>
    /// <returns>How long it took.</returns>
    public TimeSpan Run(TimeSpan atMost, Func<bool>? until = null)
    {
        var begin = Now;
        while (Now - begin < atMost && !(until?.Invoke() ?? false))
        {
            Step();
        }

        return Now - begin;
    }

    private void Step()
    {
        Now += Interval;
        var rates = Rates();
        sequence++;
        foreach (var node in nodes)
        {
            var answer = Broker.Report(Report(node, rates), Now);
            foreach (var grant in answer.Grants)
            {
                grants[grant.Flow] = grant;
            }
        }

        Changes.AddRange(Broker.Watch(Now));
    }

    // Max-min fair: the fullest link is divided equally among the flows that are still free, and so on; no flow gets more than its share.
    private Dictionary<FlowId, double> Rates()
    {
        var rates = new Dictionary<FlowId, double>();
        var left = truth.ToDictionary();
        while (rates.Count < flows.Count)
        {
            var free = flows.Where(flow => !rates.ContainsKey(flow)).ToList();
            var most = free.ToDictionary(flow => flow, flow => Math.Min(Allowed(flow), Links(flow).Min(link => left[link] / free.Count(other => Links(other).Contains(link)))));
            var next = free.MinBy(flow => most[flow])!;
            rates[next] = most[next];
            foreach (var link in Links(next))
            {
                left[link] -= most[next];
            }
        }

        return rates;
    }

    private double Allowed(FlowId flow) => grants.GetValueOrDefault(flow) is { BytesPerSecond: > 0 and var share } ? share : double.MaxValue;

    private static LinkKey[] Links(FlowId flow) => [Egress(flow.Source), Ingress(flow.Replica.Node)];

    private NodeBandwidthReport Report(string node, Dictionary<FlowId, double> rates)
    {
        var mine = flows.Where(flow => flow.Source == node);
        return new NodeBandwidthReport
        {
            Node = node,
            Sequence = sequence,
            MaxConcurrentSyncs = 2,
            FloorBytesPerSecond = 65_536,
            HeadroomPercent = 10,
            Flows = [.. mine.Select(flow => Report(flow, rates))],
            Links = [.. ImmutableArray.Create(Egress(node), Ingress(node)).Select(link => Report(link, rates.Where(rate => Links(rate.Key).Contains(link)).Sum(rate => rate.Value)))],
        };
    }

    private FlowReport Report(FlowId flow, Dictionary<FlowId, double> rates)
    {
        var rate = rates[flow];
        var isHeld = rate < Allowed(flow) * 0.99;
        var probe = !isHeld && sequence % ProbeEvery == 0 ? grants[flow].ProbeBytesPerSecond : 0;
        var passes = Links(flow).All(link => probe - rate + rates.Where(other => Links(other.Key).Contains(link)).Sum(other => other.Value) < truth[link]);
        return new FlowReport
        {
            ProvedBytesPerSecond = probe > 0 && passes ? probe : 0,
            ProbeMetQueue = probe > 0 && !passes,
            Flow = flow,
            Class = QosClass.Normal,
            BytesPerSecond = (long)rate,
            DeliveryBytesPerSecond = (long)rate,
            HeldBy = isHeld ? FlowHold.Delay : FlowHold.Share,
            IsNetworkLimited = isHeld,
            QueueDelay = isHeld ? TimeSpan.FromMilliseconds(10) : TimeSpan.Zero,
        };
    }

    private LinkReport Report(LinkKey link, double carried) => new()
    {
        Interface = link.Interface,
        Direction = link.Direction,
        CapacityBytesPerSecond = speed,
        CapacitySource = CapacitySource.Interface,
        NormalBytesPerSecond = speed,
        FlowBytesPerSecond = (long)carried,
        CarriedBytesPerSecond = (long)carried,
    };
}
