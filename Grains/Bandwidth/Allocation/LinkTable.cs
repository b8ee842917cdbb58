using System.Runtime.InteropServices;

namespace Sluice.Bandwidth;

/// <summary>The links that nodes have told of, and which of them a flow crosses. Pure.</summary>
internal sealed class LinkTable
{
    private readonly Dictionary<(string Node, string Interface, LinkDirection Direction), int> numbers = [];
    private readonly Dictionary<string, NodeBandwidthReport> nodes;
    private readonly List<KnownLink> links = [];

    public LinkTable(IReadOnlyDictionary<string, NodeBandwidthReport> nodes)
    {
        this.nodes = new Dictionary<string, NodeBandwidthReport>(nodes, StringComparer.Ordinal);
        foreach (var report in nodes.Values)
        {
            foreach (var link in report.Links)
            {
                if (numbers.TryAdd((report.Node, link.Interface, link.Direction), links.Count))
                {
                    links.Add(new KnownLink(report, link));
                }
            }
        }
    }

    /// <summary>All of them.</summary>
    public Span<KnownLink> Links => CollectionsMarshal.AsSpan(links);

    /// <summary>The number of the sender's link, or -1 when it is not known.</summary>
    public int Egress(FlowReport flow)
    {
        var source = nodes[flow.Flow.Source];
        return Find(source, flow.Interface.Length > 0 ? flow.Interface : InterfaceTo(source, flow.Flow.Replica.Node), LinkDirection.Egress);
    }

    /// <summary>The number of the receiver's link, or -1 when it is not known.</summary>
    public int Ingress(FlowId flow) =>
        nodes.TryGetValue(flow.Replica.Node, out var receiver) ? Find(receiver, InterfaceTo(receiver, flow.Source), LinkDirection.Ingress) : -1;

    /// <summary>A link's name and what it has to give; nothing for the number -1.</summary>
    public Crossing CrossingOf(int link) =>
        link < 0 ? default : new Crossing(new LinkKey(links[link].Node.Node, links[link].Report.Interface, links[link].Report.Direction), links[link].Available);

    /// <summary>The interface of a node that leads to a peer; empty when it is not known.</summary>
    public static string InterfaceTo(NodeBandwidthReport node, string peer)
    {
        foreach (var route in node.Routes)
        {
            if (string.Equals(route.Node, peer, StringComparison.Ordinal))
            {
                return route.Interface;
            }
        }

        // Without a route the only interface it is. Two entries, one in each direction, are one interface.
        var only = node.Links.Length > 0 ? node.Links[0].Interface : "";
        foreach (var link in node.Links)
        {
            if (!string.Equals(link.Interface, only, StringComparison.Ordinal))
            {
                return "";
            }
        }

        return only;
    }

    private int Find(NodeBandwidthReport node, string name, LinkDirection direction) => numbers.GetValueOrDefault((node.Node, name, direction), -1);
}

/// <summary>A link while flows are gathered on it.</summary>
/// <param name="Node">Its node's report.</param>
/// <param name="Report">What the node says of it.</param>
internal record struct KnownLink(NodeBandwidthReport Node, LinkReport Report)
{
    /// <summary>The sum of the floors of its flows.</summary>
    public long Floors { get; set; }

    /// <summary>The sum of the shares of its flows.</summary>
    public long Allocated { get; set; }

    /// <summary>How many flows cross it.</summary>
    public int Flows { get; set; }

    /// <summary>Its number in the allocator's problem.</summary>
    public int Number { get; set; }

    /// <summary>What neither foreground nor shares take of its capacity.</summary>
    public readonly long Left => Math.Max(0, Report.CapacityBytesPerSecond - Math.Max(0, Report.ForegroundBytesPerSecond) - Allocated);

    /// <summary>
    /// What flows may take: the capacity less headroom and foreground, but never less than their floors, so that no foreground, however heavy, stops a copy altogether. 0: the capacity is not known.
    /// </summary>
    public readonly long Available
    {
        get
        {
            var capacity = Math.Min(Report.CapacityBytesPerSecond, BandwidthAllocator.MaxRate);
            var free = (long)((Int128)capacity * (100 - Headroom.PercentOf(Node.HeadroomPercent, Report.CapacitySource)) / 100) - Math.Max(0, Report.ForegroundBytesPerSecond);
            return capacity == 0 ? 0 : Math.Max(1, Math.Max(free, Math.Min(capacity, Floors)));
        }
    }
}
