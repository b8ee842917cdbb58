using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Allocation;

/// <summary>A zone of nodes with links of several speeds, some of them with limits on copies, and flows of all classes between random nodes.</summary>
internal static class ZoneProblem
{
    private static readonly long[] Speeds = [12_500_000, 125_000_000, 125_000_000, 1_250_000_000];

    public static AllocationProblem Build(int nodes, int flows, int seed)
    {
        var random = new Random(seed);
        var problem = new AllocationProblem();
        var (egress, ingress, throttle) = (new int[nodes], new int[nodes], new int[nodes]);
        for (var node = 0; node < nodes; node++)
        {
            var speed = Speeds[random.Next(Speeds.Length)];
            egress[node] = problem.AddLink(speed - random.NextInt64(speed / 2));
            ingress[node] = problem.AddLink(speed - random.NextInt64(speed / 2));
            throttle[node] = problem.AddLink(random.Next(4) == 0 ? speed / 3 : BandwidthAllocator.MaxRate);
        }

        for (var flow = 0; flow < flows; flow++)
        {
            var from = random.Next(nodes);
            var to = (from + 1 + random.Next(nodes - 1)) % nodes;
            var terms = QosClass.Defaults[random.Next(QosClass.Defaults.Length)];
            var demand = random.Next(3) == 0 ? 1_000 + random.NextInt64(20_000_000) : 0;
            problem.AddFlow(new FlowTerms(terms.Weight, 65_536, terms.ReservationBytesPerSecond, terms.LimitBytesPerSecond, demand), egress[from], ingress[to], throttle[to]);
        }

        return problem;
    }

    /// <summary>The same kind of zone as its nodes report it.</summary>
    public static Dictionary<string, NodeBandwidthReport> Reports(int nodes, int flows, int seed)
    {
        var random = new Random(seed);
        var sent = Enumerable.Range(0, flows).Select(shard =>
        {
            var from = random.Next(nodes);
            return Bandwidth.Reports.Copy($"n{from}", $"n{(from + 1 + random.Next(nodes - 1)) % nodes}", shard, QosClass.Defaults[1 + random.Next(3)].Name);
        }).ToLookup(flow => flow.Flow.Source);
        return Enumerable.Range(0, nodes).Select(node => $"n{node}").ToDictionary(
            name => name, name => Bandwidth.Reports.Node(name, ingress: random.Next(4) == 0 ? 20_000_000 : 0, capacity: Speeds[random.Next(Speeds.Length)], flows: [.. sent[name]]));
    }
}
