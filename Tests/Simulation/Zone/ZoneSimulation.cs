using Sluice.Bandwidth;

namespace Sluice.Tests.Simulation.Zone;

/// <summary>
/// A zone in virtual time: nodes whose agents report to brokers over a network that delays and loses, flows that join and leave, links that change. Brokers, grant tables and clipping are the real ones; flows send
/// exactly what they may. Everything follows from the seed.
/// </summary>
internal sealed class ZoneSimulation
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Reaction = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DoubleFor = TimeSpan.FromSeconds(8);
    private static readonly long[] Speeds = [12_500_000, 125_000_000, 1_250_000_000];

    private readonly ZoneScenario scenario;
    private readonly Random random;
    private readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> events = new();
    private readonly ZoneNode[] nodes;
    private readonly List<ZoneFlow> flows = [];
    private readonly List<BandwidthBroker> brokers = [];
    private readonly ZoneResult result = new();
    private DateTimeOffset now = Start;
    private long order;
    private int shards;

    private ZoneSimulation(ZoneScenario scenario, int seed)
    {
        this.scenario = scenario;
        random = new Random(seed);
        nodes = [.. Enumerable.Range(0, scenario.Nodes).Select(n =>
        {
            var speed = Speeds[random.Next(Speeds.Length)];
            return new ZoneNode($"n{n:D4}", speed, random.Next(5) == 0 ? speed / 4 : 0);
        })];
    }

    public static ZoneResult Run(ZoneScenario scenario, int seed)
    {
        var simulation = new ZoneSimulation(scenario, seed);
        simulation.Run();
        return simulation.result;
    }

    private void Run()
    {
        brokers.Add(NewBroker());
        for (var n = 0; n < scenario.Flows; n++)
        {
            Join();
        }

        foreach (var node in nodes)
        {
            After(random.NextDouble() * Interval, () => Round(node));
        }

        Every(1 / Math.Max(1e-9, scenario.ChurnPerSecond), Churn);
        Every(1 / Math.Max(1e-9, scenario.StepsPerSecond), Step);
        Every(0.5, Sample);
        At(scenario.BrokerRestartsAt, () => brokers[0] = NewBroker());
        At(scenario.BrokersDoubleAt, () => brokers.Add(NewBroker()));
        At(scenario.BrokersDoubleAt + DoubleFor, () => brokers.RemoveAt(0));
        while (events.TryDequeue(out var happens, out var due) && due.At - Start <= scenario.Duration)
        {
            now = due.At;
            happens();
            result.Events++;
        }

        result.Plans = brokers.Sum(broker => broker.Plans);
    }

    private BandwidthBroker NewBroker()
    {
        var broker = new BandwidthBroker(now, [.. nodes.Select(node => node.Name)]);
        broker.Adopt(new BandwidthPolicy());
        return broker;
    }

    private void Round(ZoneNode node)
    {
        if (node.IsAsking)
        {
            node.IsWoken = true;
            return;
        }

        var report = node.Report(now);
        var round = ++node.Round;
        node.IsAsking = true;
        After(Patience, () => Answered(node, round, report, null));
        if (random.NextDouble() < scenario.Loss)
        {
            return;
        }

        After(Latency(), () =>
        {
            var answer = brokers[Array.IndexOf(nodes, node) % brokers.Count].Report(report, now);
            result.Reports++;
            if (random.NextDouble() >= scenario.Loss)
            {
                After(Latency(), () => Answered(node, round, report, answer));
            }
        });
    }

    private void Answered(ZoneNode node, int round, NodeBandwidthReport report, NodeGrants? answer)
    {
        if (!node.IsAsking || node.Round != round)
        {
            return;
        }

        node.IsAsking = false;
        if (answer is not null)
        {
            node.Grants.Update(answer, now);
        }

        // The node's own links are known to it at once.
        node.Apply(report with { Links = node.Report(now).Links }, now);
        Watch();
        var usual = node.Flows.Count == 0 ? Idle : Interval;
        var next = node.IsWoken ? TimeSpan.Zero : answer is { ReportAfter.Ticks: > 0 } && answer.ReportAfter < usual ? answer.ReportAfter : usual;
        node.IsWoken = false;
        After(next, () =>
        {
            if (node.Round == round)
            {
                Round(node);
            }
        });
    }

    private void Churn()
    {
        var leaving = flows[random.Next(flows.Count)];
        flows.Remove(leaving);
        var node = Array.Find(nodes, node => node.Name == leaving.Id.Source)!;
        node.Flows.Remove(leaving);
        leaving.Rate = 0;
        Wake(node);
        Join();
    }

    private void Join()
    {
        var from = nodes[random.Next(nodes.Length)];
        ZoneNode to;
        do
        {
            to = nodes[random.Next(nodes.Length)];
        }
        while (to == from);

        var qosClass = QosClass.Defaults[1 + random.Next(3)].Name;
        var flow = new ZoneFlow(new FlowId(FlowKind.Snapshot, from.Name, new ReplicaKey(shards++, to.Name)), qosClass, from.Egress, to.Ingress, now) { Rate = ZoneNode.Floor };
        flows.Add(flow);
        from.Flows.Add(flow);
        Wake(from);
    }

    private void Wake(ZoneNode node) => After(TimeSpan.Zero, () => Round(node));

    private void Step()
    {
        var node = nodes[random.Next(nodes.Length)];
        var link = random.Next(2) == 0 ? node.Egress : node.Ingress;
        var capacity = (long)(node.Speed * (0.1 + 0.9 * random.NextDouble()));
        if (capacity < link.Capacity)
        {
            link.SteppedAt = now;
        }

        link.Capacity = capacity;
        Wake(node);
        Watch();
    }

    // No link may carry more than it has, except for a moment after it has lost capacity itself, until the broker and the senders have heard of it: that moment is the reaction time.
    private void Watch()
    {
        foreach (var node in nodes)
        {
            Watch(node, node.Egress);
            Watch(node, node.Ingress);
        }
    }

    private void Watch(ZoneNode node, ZoneLink link)
    {
        if (link.Used <= link.Capacity)
        {
            if (link.OverSince is { } since)
            {
                result.Reactions.Add(now - (link.SteppedAt > since ? since : link.SteppedAt));
                link.OverSince = null;
            }

            return;
        }

        if (link.OverSince is null && now - link.SteppedAt > Reaction)
        {
            result.Violations.Add($"{(now - Start).TotalSeconds:0.000} s: {node.Name} carries {link.Used} of {link.Capacity}");
        }

        link.OverSince ??= now;
    }

    private void Sample()
    {
        var reports = nodes.Select(node => node.Report(now)).ToDictionary(report => report.Node);
        var ideal = GrantPlan.Make(reports, new BandwidthPolicy(), now);
        var parts = flows.Where(flow => now - flow.OpenedAt > TimeSpan.FromSeconds(1))
            .Select(flow => flow.Rate / (double)Math.Max(ZoneNode.Floor, ideal.Find(flow.Id)!.Ceiling())).ToList();
        result.Sampled(now - Start, parts);
    }

    private TimeSpan Latency() => TimeSpan.FromMilliseconds(random.NextDouble() < scenario.Late ? 500 * random.NextDouble() : 0.2 + 2 * random.NextDouble());

    private void Every(double seconds, Action happens)
    {
        if (seconds < scenario.Duration.TotalSeconds)
        {
            After(TimeSpan.FromSeconds(seconds), () =>
            {
                happens();
                Every(seconds, happens);
            });
        }
    }

    private void At(TimeSpan? time, Action happens)
    {
        if (time is { } at)
        {
            After(at, happens);
        }
    }

    private void After(TimeSpan delay, Action happens) => events.Enqueue(happens, (now + delay, order++));
}
