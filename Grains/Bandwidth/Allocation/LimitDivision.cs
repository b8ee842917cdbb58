namespace Sluice.Bandwidth;

/// <summary>
/// Divides what operators have limited, and nothing else, among the copies that it concerns: what each may never exceed. First as if flows that a link holds wanted no more than a probe above their
/// share; then what is left to all. Pure.
/// </summary>
internal static class LimitDivision
{
    public static void Divide(List<PlannedFlow> flows, IReadOnlyDictionary<string, NodeBandwidthReport> reports)
    {
        var first = Problem(flows, reports, out var limited, out var names, flow => new FlowTerms(
            flow.Terms.Weight, flow.Terms.Floor, flow.Terms.Reservation, IsHeldByNetwork(flow) ? Smaller(flow.OwnLimit, Math.Max(flow.Terms.Reservation, GrantPlan.WithProbe(flow.Share))) : flow.OwnLimit));
        if (limited.Count == 0)
        {
            return;
        }

        var given = BandwidthAllocator.Allocate(first).BytesPerSecond;
        var place = 0;
        var second = Problem(flows, reports, out _, out _, flow => new FlowTerms(flow.Terms.Weight, Floor: given[place++], Limit: flow.OwnLimit));
        var rest = BandwidthAllocator.Allocate(second);
        for (var number = 0; number < limited.Count; number++)
        {
            limited[number].Limit = Math.Max(1, rest.BytesPerSecond[number]);
            if (limited[number].HeldByLink < 0)
            {
                limited[number].HeldByLimit = names.Name(rest.Bottlenecks[number]);
            }
        }
    }

    // Its own cap is an operator's when it has such a limit and stands at it; otherwise it is what the flow can use, which the network or its source decides.
    private static bool IsHeldByNetwork(PlannedFlow flow) =>
        flow.HeldByLink >= 0 || (flow.HeldByLimit.Length == 0 && flow.Terms.Demand > 0 && flow.Share == flow.Terms.Demand);

    private static AllocationProblem Problem(
        List<PlannedFlow> flows, IReadOnlyDictionary<string, NodeBandwidthReport> reports, out List<PlannedFlow> limited, out NodeLimits limits, Func<PlannedFlow, FlowTerms> terms)
    {
        var problem = new AllocationProblem();
        limits = new NodeLimits(problem, reports);
        limited = [];
        foreach (var flow in flows)
        {
            var (egress, ingress) = (limits.Egress(flow.Id), limits.Ingress(flow.Id));
            if (egress >= 0 || ingress >= 0)
            {
                limited.Add(flow);
                problem.AddFlow(terms(flow), egress < 0 ? [ingress] : ingress < 0 ? [egress] : [egress, ingress]);
            }
        }

        return problem;
    }

    private static long Smaller(long limit, long other) => limit == 0 ? other : Math.Min(limit, other);
}
