using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>
/// What each of a node's flows may send: its grant, the policy that the node knows by itself, and the node's own links and limits. Pure.
/// <para>
/// The node never sends more than its own links carry and its own limits allow, whatever it was granted: grants may come from two brokers that do not know of each other for a moment, may be of
/// different age, and a limit that was set just now is not in them yet. Where the sum is too large all are scaled down together. Without a fresh grant a copy falls to its floor; a log stream is left to its
/// rate controller alone, because a replica that falls behind its primary's log needs a full copy again.
/// </para>
/// <para>
/// Pauses and limits of the policy are kept to without the broker as well; a pause that has ended lets its flow go on at the floor until there is a new grant. A pause is the one exception to the floor.
/// </para>
/// </summary>
public static class NodeAllowances
{
    /// <summary>Computes them.</summary>
    /// <param name="flows">The flows that the node sends.</param>
    /// <param name="node">The node's links and limits, as it reports them.</param>
    /// <param name="policy">The newest policy that the node knows.</param>
    /// <param name="now">The present time.</param>
    /// <returns>One for each flow, in their order.</returns>
    public static ImmutableArray<FlowAllowance> Of(IReadOnlyList<LocalFlow> flows, NodeBandwidthReport node, BandwidthPolicy policy, DateTimeOffset now)
    {
        var allowances = flows.Select(flow => Granted(flow, node, policy, now)).ToArray();
        ClipToLimit(flows, allowances, node);
        ClipToLinks(flows, allowances, node);
        return [.. allowances];
    }

    private static FlowAllowance Granted(LocalFlow flow, NodeBandwidthReport node, BandwidthPolicy policy, DateTimeOffset now)
    {
        var isCopy = flow.Id.Kind == FlowKind.Snapshot;
        var isPaused = isCopy && policy.PauseOf(flow.Id.Replica, now).IsPaused;
        var own = policy.LimitOf(flow.Id, flow.Class);
        var floor = Math.Max(1, node.FloorBytesPerSecond);
        return flow.Grant is null || flow.Grant.IsPaused
            ? new FlowAllowance(isCopy ? floor : 0, own, floor, isPaused)
            : new FlowAllowance(flow.Grant.BytesPerSecond, Smaller(flow.Grant.LimitBytesPerSecond, own), floor, isPaused, flow.Grant.IsEstimated, flow.Grant.ProbeBytesPerSecond);
    }

    // The limit on copies that the node sends: hard, so it clips limits.
    private static void ClipToLimit(IReadOnlyList<LocalFlow> flows, FlowAllowance[] allowances, NodeBandwidthReport node)
    {
        if (node.EgressLimit > 0)
        {
            var copies = Enumerable.Range(0, flows.Count).Where(flow => flows[flow].Id.Kind == FlowKind.Snapshot && !allowances[flow].IsPaused).ToList();

            // A copy whose grant is older than the limit has none in it: it wants its share, or all.
            var clipped = Scale(
                copies.Select(flow => (allowances[flow], Math.Min(node.EgressLimit, allowances[flow] switch
                {
                    { LimitBytesPerSecond: > 0 and var limit } => limit,
                    { ShareBytesPerSecond: > 0 and var share } => share,
                    _ => node.EgressLimit,
                }))),
                node.EgressLimit);
            foreach (var (place, flow) in copies.Index())
            {
                allowances[flow] = allowances[flow] with { LimitBytesPerSecond = clipped[place] };
            }
        }
    }

    // A link's capacity: soft, as it may be an estimate, so it clips shares. Headroom and foreground are the broker's business.
    private static void ClipToLinks(IReadOnlyList<LocalFlow> flows, FlowAllowance[] allowances, NodeBandwidthReport node)
    {
        foreach (var link in node.Links.Where(link => link.Direction == LinkDirection.Egress && link.CapacityBytesPerSecond > 0))
        {
            var crossing = Enumerable.Range(0, flows.Count)
                .Where(flow => string.Equals(flows[flow].Interface, link.Interface, StringComparison.Ordinal) && allowances[flow] is { IsPaused: false, ShareBytesPerSecond: > 0 })
                .ToList();
            var clipped = Scale(crossing.Select(flow => (allowances[flow], Smaller(allowances[flow].ShareBytesPerSecond, allowances[flow].LimitBytesPerSecond))), link.CapacityBytesPerSecond);
            foreach (var (place, flow) in crossing.Index())
            {
                allowances[flow] = allowances[flow] with { ShareBytesPerSecond = clipped[place], FloorBytesPerSecond = Math.Min(clipped[place], allowances[flow].FloorBytesPerSecond) };
            }
        }
    }

    // What is wanted are reservations of one link: those that exceed it are scaled down together, none below its floor while the floors fit.
    private static long[] Scale(IEnumerable<(FlowAllowance Allowance, long Wanted)> flows, long bytesPerSecond)
    {
        var problem = new AllocationProblem();
        var link = problem.AddLink(Math.Min(bytesPerSecond, BandwidthAllocator.MaxRate));
        foreach (var (allowance, wanted) in flows)
        {
            problem.AddFlow(new FlowTerms(1, Math.Min(allowance.FloorBytesPerSecond, BandwidthAllocator.MaxRate), Math.Min(wanted, BandwidthAllocator.MaxRate), Limit: wanted), link);
        }

        // 0 would say that there is no limit.
        return [.. BandwidthAllocator.Reserve(problem).BytesPerSecond.Select(rate => Math.Max(1, rate))];
    }

    private static long Smaller(long a, long b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);
}

/// <summary>A flow that this node sends.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Class">The class with which it was opened.</param>
/// <param name="Interface">The interface that carries it; empty: not known.</param>
/// <param name="Grant">Its grant; null: it has none, or that has expired.</param>
public sealed record LocalFlow(FlowId Id, string Class, string Interface, FlowGrant? Grant);
