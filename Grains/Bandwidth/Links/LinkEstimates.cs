namespace Sluice.Bandwidth;

/// <summary>
/// The estimates of all links that nodes report, from what all flows say together. Pure: reports and time come in as arguments; it belongs to the broker's turns. A broker that begins anew knows them again
/// after the flows have been limited for <see cref="LinkEstimator.Confirmation"/>.
/// </summary>
public sealed class LinkEstimates
{
    // Nodes report every 250 ms: one look at all flows in that time, however many nodes there are.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    // Half of the controllers' default target: with less there is no queue to speak of.
    private static readonly TimeSpan NoQueue = TimeSpan.FromMilliseconds(5);

    private readonly Dictionary<LinkKey, Entry> links = [];
    private DateTimeOffset last = DateTimeOffset.MinValue;

    /// <summary>Takes note of what the nodes reported; does nothing when called again within a report interval.</summary>
    /// <param name="reports">The newest report of each node that is alive.</param>
    /// <param name="now">The present time; never goes back.</param>
    public void Observe(IReadOnlyCollection<NodeBandwidthReport> reports, DateTimeOffset now)
    {
        if (now - last < Interval)
        {
            return;
        }

        last = now;
        var nodes = reports.ToDictionary(report => report.Node, StringComparer.Ordinal);
        var flows = reports.SelectMany(report => report.Flows).Select(flow => (Flow: flow, Way: WayOf(flow, nodes))).ToList();
        var full = reports.SelectMany(report => report.Links.Where(IsFull).Select(link => new LinkKey(report.Node, link.Interface, link.Direction))).ToHashSet();
        var verdicts = LinkAttribution.Attribute([.. flows.Select(flow => flow.Way)], full.Contains);
        var probes = ProbesOf(flows);
        var lost = flows.Where(flow => flow.Way.Egress is not null).ToLookup(flow => flow.Way.Egress!.Value, flow => Undelivered(flow.Flow));
        foreach (var report in reports)
        {
            foreach (var link in report.Links)
            {
                var key = new LinkKey(report.Node, link.Interface, link.Direction);
                Observe(key, link, report, verdicts.GetValueOrDefault(key), lost[key].Sum(), probes.GetValueOrDefault(key), now);
            }
        }

        foreach (var gone in links.Keys.Where(key => !nodes.ContainsKey(key.Node) && now - links[key].SeenAt > LinkEstimator.Memory).ToList())
        {
            links.Remove(gone);
        }
    }

    /// <summary>A node's report with the estimates in it.</summary>
    public NodeBandwidthReport Refine(NodeBandwidthReport report) => report with { Links = [.. report.Links.Select(link => Refine(report.Node, link))] };

    /// <summary>What is known of a link besides its report.</summary>
    /// <returns>The capacity, and the link that can't be told apart from it at present; a capacity of nothing when the link is not known.</returns>
    public (LinkCapacity Capacity, LinkKey? SharedWith) Find(LinkKey key) =>
        links.TryGetValue(key, out var entry) ? (entry.Estimator.Capacity, entry.SharedWith) : default;

    /// <summary>
    /// What a flow says of its way. Its controller's rate alone says nothing: a flow whose share has just doubled, because another one has ended, is below it for as long as it grows.
    /// </summary>
    public static FlowVerdict VerdictOf(FlowReport flow) => flow.HeldBy switch
    {
        _ when flow.BytesPerSecond == 0 => FlowVerdict.Silent,
        FlowHold.Delay or FlowHold.StartUp or FlowHold.None when flow.IsNetworkLimited => FlowVerdict.Limited,
        FlowHold.Share when flow.QueueDelay < NoQueue => FlowVerdict.HeldByShare,
        FlowHold.Limit or FlowHold.Floor when flow.QueueDelay < NoQueue => FlowVerdict.Free,
        _ => FlowVerdict.Silent,
    };

    private void Observe(LinkKey key, LinkReport link, NodeBandwidthReport report, LinkVerdict verdict, long lost, (long Above, bool MetQueue) probe, DateTimeOffset now)
    {
        if (!links.TryGetValue(key, out var entry))
        {
            links.Add(key, entry = new Entry());
        }

        // The same report again: nothing new is known.
        if (ReferenceEquals(entry.Report, report))
        {
            return;
        }

        entry.Report = report;
        entry.SeenAt = now;
        entry.SharedWith = verdict.Evidence == LinkEvidence.Limited ? verdict.SharedWith : entry.Estimator.Capacity.Source == CapacitySource.Estimated ? entry.SharedWith : null;
        var (configured, speed) = link.CapacitySource switch
        {
            CapacitySource.Configured => (link.CapacityBytesPerSecond, 0L),
            CapacitySource.Interface => (0L, link.CapacityBytesPerSecond),
            _ => (0L, 0L),
        };

        // The loopback's only limit is the processor, which flows share with everything else: nothing of it can be promised.
        var evidence = link.IsLoopback ? LinkEvidence.None : verdict.Evidence;
        var carried = Math.Max(0, Math.Max(link.CarriedBytesPerSecond, link.FlowBytesPerSecond) - lost);
        entry.Estimator.Observe(new LinkObservation(carried, evidence, configured, speed, probe.Above > 0 ? carried + probe.Above : 0, probe.MetQueue), now);
    }

    // How much more than it carried each link has passed without a queue, by the boldest probe over it; or that one met a queue.
    private static Dictionary<LinkKey, (long Above, bool MetQueue)> ProbesOf(IEnumerable<(FlowReport Flow, FlowOnLinks Way)> flows)
    {
        var probes = new Dictionary<LinkKey, (long Above, bool MetQueue)>();
        foreach (var (flow, way) in flows.Where(flow => flow.Flow.ProvedBytesPerSecond > 0 || flow.Flow.ProbeMetQueue))
        {
            foreach (var link in new[] { way.Egress, way.Ingress }.OfType<LinkKey>())
            {
                var (above, met) = probes.GetValueOrDefault(link);
                probes[link] = (Math.Max(above, flow.ProvedBytesPerSecond - flow.BytesPerSecond), met || flow.ProbeMetQueue);
            }
        }

        return probes;
    }

    private LinkReport Refine(string node, LinkReport link)
    {
        if (!links.TryGetValue(new LinkKey(node, link.Interface, link.Direction), out var entry))
        {
            return link;
        }

        var capacity = entry.Estimator.Capacity;
        return link with
        {
            CapacityBytesPerSecond = capacity.BytesPerSecond,
            CapacitySource = capacity.Source,
            NormalBytesPerSecond = Math.Max(link.NormalBytesPerSecond, capacity.NormalBytesPerSecond),
        };
    }

    private static bool IsFull(LinkReport link) => link.CapacityBytesPerSecond > 0 && Math.Max(link.CarriedBytesPerSecond, link.FlowBytesPerSecond) >= link.CapacityBytesPerSecond * LinkEstimator.NominalEnough;

    // What a sender's interface has let out is not yet what got through: beyond it there may be a queue that fills, or overflows. (What has arrived at a receiver's has arrived.)
    private static long Undelivered(FlowReport flow) => flow.DeliveryBytesPerSecond > 0 ? Math.Max(0, flow.BytesPerSecond - flow.DeliveryBytesPerSecond) : 0;

    private static FlowOnLinks WayOf(FlowReport flow, Dictionary<string, NodeBandwidthReport> nodes)
    {
        var source = nodes.GetValueOrDefault(flow.Flow.Source);
        var receiver = nodes.GetValueOrDefault(flow.Flow.Replica.Node);
        return new FlowOnLinks(
            LinkOf(source, flow.Interface, flow.Flow.Replica.Node, LinkDirection.Egress), LinkOf(receiver, "", flow.Flow.Source, LinkDirection.Ingress), VerdictOf(flow));
    }

    // By the flow's own word, else by the route to its peer, else by there being only one.
    private static LinkKey? LinkOf(NodeBandwidthReport? report, string named, string peer, LinkDirection direction)
    {
        if (report is null)
        {
            return null;
        }

        var route = named.Length > 0 ? named : report.Routes.FirstOrDefault(route => string.Equals(route.Node, peer, StringComparison.Ordinal))?.Interface;
        var inDirection = report.Links.Where(link => link.Direction == direction && (route is null || string.Equals(link.Interface, route, StringComparison.Ordinal))).Take(2).ToList();
        return inDirection.Count == 1 ? new LinkKey(report.Node, inDirection[0].Interface, direction) : null;
    }

    private sealed class Entry
    {
        public LinkEstimator Estimator { get; } = new();

        public NodeBandwidthReport? Report { get; set; }

        public DateTimeOffset SeenAt { get; set; }

        public LinkKey? SharedWith { get; set; }
    }
}
