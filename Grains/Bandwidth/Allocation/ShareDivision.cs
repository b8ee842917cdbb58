namespace Sluice.Bandwidth;

/// <summary>Divides the known capacities, and operators' limits with them, among flows: their shares. Pure.</summary>
internal static class ShareDivision
{
    // The part of an equal part that a copy may always ask for. What it cannot use of it is lost to the others, so it is small; doubling from there, it has its whole part after three reports.
    private const int LeastPart = 8;

    public static void Divide(List<PlannedFlow> flows, LinkTable links, IReadOnlyDictionary<string, NodeBandwidthReport> reports)
    {
        foreach (var flow in flows)
        {
            Gather(links, flow.Egress, flow);
            Gather(links, flow.Ingress, flow);
        }

        var problem = new AllocationProblem();
        for (var link = 0; link < links.Links.Length; link++)
        {
            links.Links[link].Number = links.Links[link] is { Available: > 0, Flows: > 0 } known ? problem.AddLink(known.Available) : -1;
        }

        var limits = new NodeLimits(problem, reports);
        Span<int> crossed = stackalloc int[4];
        foreach (var flow in flows)
        {
            var count = 0;
            count = Cross(crossed, count, flow.Egress < 0 ? -1 : links.Links[flow.Egress].Number);
            count = Cross(crossed, count, flow.Ingress < 0 ? -1 : links.Links[flow.Ingress].Number);
            flow.HasKnownLink = count > 0;
            count = Cross(crossed, count, limits.Egress(flow.Id));
            count = Cross(crossed, count, limits.Ingress(flow.Id));
            problem.AddFlow(flow.Terms with { Demand = Demand(flow, links) }, crossed[..count]);
        }

        var allocation = BandwidthAllocator.Allocate(problem);
        for (var number = 0; number < flows.Count; number++)
        {
            var (flow, bottleneck) = (flows[number], allocation.Bottlenecks[number]);
            flow.Share = allocation.BytesPerSecond[number];
            flow.HeldByLimit = limits.Name(bottleneck);
            flow.HeldByLink = bottleneck < 0 || flow.HeldByLimit.Length > 0 ? -1
                : flow.Egress >= 0 && links.Links[flow.Egress].Number == bottleneck ? flow.Egress
                : flow.Ingress;
            Count(links, flow.Egress, flow.Share);
            Count(links, flow.Ingress, flow.Share);
        }
    }

    // A copy that has fallen behind is held by the queue that the others' larger part makes: it seems to want no more than it gets, and would never come back.
    private static long Demand(PlannedFlow flow, LinkTable links)
    {
        var demand = flow.Terms.Demand;
        return demand == 0 || !flow.HasKnownLink || flow.Id.Kind != FlowKind.Snapshot || flow.Report.RemainingBytes == 0
            ? demand
            : Math.Max(demand, Math.Min(EqualPart(links, flow.Egress), EqualPart(links, flow.Ingress)) / LeastPart);
    }

    private static long EqualPart(LinkTable links, int link) =>
        link >= 0 && links.Links[link] is { Available: > 0, Flows: > 0 } known ? known.Available / known.Flows : BandwidthAllocator.MaxRate;

    private static int Cross(Span<int> crossed, int count, int link)
    {
        if (link >= 0)
        {
            crossed[count++] = link;
        }

        return count;
    }

    private static void Gather(LinkTable links, int link, PlannedFlow flow)
    {
        if (link >= 0)
        {
            links.Links[link].Flows++;
            links.Links[link].Floors += Math.Min(flow.Terms.Floor, flow.Terms.Cap);
        }
    }

    private static void Count(LinkTable links, int link, long share)
    {
        if (link >= 0 && links.Links[link].Number >= 0)
        {
            links.Links[link].Allocated += share;
        }
    }
}

/// <summary>Nodes' limits on copies as links of a problem: each is made when the first flow crosses it.</summary>
internal sealed class NodeLimits(AllocationProblem problem, IReadOnlyDictionary<string, NodeBandwidthReport> reports)
{
    private readonly Dictionary<(string Node, LinkDirection Direction), int> numbers = [];
    private readonly Dictionary<int, string> names = [];

    /// <summary>The sender's limit on copies that it sends, or -1.</summary>
    public int Egress(FlowId flow) =>
        flow.Kind == FlowKind.Log ? -1 : Number(flow.Source, LinkDirection.Egress, reports.TryGetValue(flow.Source, out var report) ? report.EgressLimit : 0);

    /// <summary>The receiver's limit on copies that it receives, or -1.</summary>
    public int Ingress(FlowId flow) =>
        flow.Kind == FlowKind.Log ? -1 : Number(flow.Replica.Node, LinkDirection.Ingress, reports.TryGetValue(flow.Replica.Node, out var report) ? report.IngressLimit : 0);

    /// <summary>The limit of this number in words; empty: it is no node's limit.</summary>
    public string Name(int number) => names.GetValueOrDefault(number, "");

    private int Number(string node, LinkDirection direction, long limit)
    {
        if (limit <= 0)
        {
            return -1;
        }

        if (!numbers.TryGetValue((node, direction), out var number))
        {
            number = problem.AddLink(Math.Min(limit, BandwidthAllocator.MaxRate));
            numbers.Add((node, direction), number);
            names.Add(number, direction == LinkDirection.Ingress ? $"throttle-bytes-per-second of {node}" : $"sync-egress-bytes-per-second of {node}");
        }

        return number;
    }
}
