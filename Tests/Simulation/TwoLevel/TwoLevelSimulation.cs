using Sluice.Bandwidth;

namespace Sluice.Tests.Simulation.TwoLevel;

/// <summary>
/// The plan for many zones: each zone's broker divides the links of its nodes, a trunk broker divides the trunks between zones, and nobody knows all flows. What they tell each other once a round, a round late, is
/// per link and zone, not per flow: the owner of a link tells its *level* (bytes per second for each unit of weight), and the sender's zone answers with two sums, the weight of its flows that this link holds and the
/// rate of those that another link holds. A flow's rate is its weight times the lowest level on its way. In the fixed point each link is full or holds nobody, which is the weighted max-min allocation.
/// </summary>
internal sealed class TwoLevelSimulation
{
    private readonly List<Link> links = [];
    private readonly List<Flow> flows = [];
    private readonly AllocationProblem exact = new();

    public TwoLevelSimulation(int zones, int nodes, int flowCount, int seed)
    {
        var random = new Random(seed);
        var (egress, ingress) = (new int[zones, nodes], new int[zones, nodes]);
        var trunks = new int[zones, zones];
        for (var zone = 0; zone < zones; zone++)
        {
            for (var node = 0; node < nodes; node++)
            {
                egress[zone, node] = Add(125_000_000, zone);
                ingress[zone, node] = Add(random.Next(4) == 0 ? 12_500_000 : 125_000_000, zone);
            }

            for (var other = 0; other < zones; other++)
            {
                trunks[zone, other] = other == zone ? -1 : Add(50_000_000 + random.NextInt64(200_000_000), Trunk);
            }
        }

        for (var n = 0; n < flowCount; n++)
        {
            var from = random.Next(zones);
            var to = random.Next(3) == 0 ? random.Next(zones) : from;
            int[] way = [egress[from, random.Next(nodes)], ingress[to, random.Next(nodes)], .. from == to ? Array.Empty<int>() : [trunks[from, to]]];
            var weight = QosClass.Defaults[1 + random.Next(3)].Weight;
            flows.Add(new Flow(from, weight, way));
            exact.AddFlow(new FlowTerms(weight), way);
            foreach (var link in way)
            {
                links[link].AllWeight += weight;
            }
        }

        // Nobody knows anything yet: each link's part for each weight, which is feasible.
        foreach (var link in links)
        {
            link.Level = link.Capacity / (double)Math.Max(1, link.AllWeight);
        }
    }

    private const int Trunk = -1;

    /// <summary>Messages between brokers in a round: a level one way, two sums the other.</summary>
    public int Messages { get; private set; }

    /// <summary>The largest part of its capacity that any link was asked for in any round.</summary>
    public double WorstUse { get; private set; }

    /// <summary>One round of all brokers.</summary>
    public void Round()
    {
        foreach (var link in links)
        {
            (link.HeldWeight, link.OthersRate, link.Used, link.Highest) = (0, 0, 0, 0);
            link.Tellers.Clear();
        }

        // At each sender's zone: whose level is the lowest, and what that means for the others.
        foreach (var flow in flows)
        {
            var lowest = flow.Way.Min(link => links[link].Level);
            flow.Rate = flow.Weight * lowest;
            foreach (var number in flow.Way)
            {
                var link = links[number];
                link.Used += flow.Rate;
                link.Highest = Math.Max(link.Highest, lowest);
                if (link.Zone != flow.Zone)
                {
                    link.Tellers.Add(flow.Zone);
                }

                if (link.Level <= lowest * (1 + 1e-9))
                {
                    link.HeldWeight += flow.Weight;
                }
                else
                {
                    link.OthersRate += flow.Rate;
                }
            }
        }

        Messages = 2 * links.Sum(link => link.Tellers.Count);
        WorstUse = Math.Max(WorstUse, links.Max(link => link.Used / link.Capacity));
        foreach (var link in links)
        {
            // A link that holds nobody offers what is left on top of the highest level on it, so that it is known when somebody could take it.
            var wanted = link.HeldWeight > 0
                ? Math.Max(link.Capacity / (double)link.AllWeight, (link.Capacity - link.OthersRate) / link.HeldWeight)
                : link.Highest + (link.Capacity - link.OthersRate) / Math.Max(1, link.AllWeight);

            // Half of the way down, and up by no more than a tenth: a flow that two links hold in turn would otherwise swing between them, and what all raise at once would exceed a link before its owner hears of it.
            link.Level = wanted < link.Level ? (link.Level + wanted) / 2 : Math.Min((link.Level + wanted) / 2, 1.1 * link.Level);
        }
    }

    /// <summary>Each flow's rate as a part of what the exact allocation, which knows everything, gives it.</summary>
    public IReadOnlyList<double> Parts() =>
        [.. BandwidthAllocator.Allocate(exact).BytesPerSecond.Zip(flows).Select(flow => flow.Second.Rate / Math.Max(1, flow.First))];

    private int Add(long capacity, int zone)
    {
        links.Add(new Link(capacity, zone));
        return exact.AddLink(capacity);
    }

    private sealed class Link(long capacity, int zone)
    {
        public long Capacity => capacity;

        public int Zone => zone;

        public double Level { get; set; }

        public long AllWeight { get; set; }

        public long HeldWeight { get; set; }

        public double OthersRate { get; set; }

        public double Used { get; set; }

        public double Highest { get; set; }

        public HashSet<int> Tellers { get; } = [];
    }

    private sealed class Flow(int zone, int weight, int[] way)
    {
        public int Zone => zone;

        public int Weight => weight;

        public int[] Way => way;

        public double Rate { get; set; }
    }
}
