namespace Sluice.Bandwidth;

/// <summary>
/// Hands out a plan's grants in an order that keeps every link feasible at every instant: a <see cref="RateLedger"/> for the shares and one for the operators' limits. A node that falls silent may live and send by
/// what it was granted, and report to another broker: its flows count until their grants have expired. Pure.
/// <para>
/// A log stream that stands still keeps its class's reservation, to wake up with, but counts only with what it uses: the reservations of a node's idle logs together may be more than its link has, and would leave nothing for copies.
/// When one wakes up, copies hear of it with the next report; until then the controllers keep the queue short.
/// </para>
/// </summary>
internal sealed class GrantLedger
{
    private readonly RateLedger shares = new();
    private readonly RateLedger limits = new();
    private readonly HashSet<FlowId> idleLogs = [];
    private readonly Dictionary<string, (NodeBandwidthReport Last, DateTimeOffset ExpiresAt)> nodes = new(StringComparer.Ordinal);

    /// <summary>A node says what its flows have in force.</summary>
    /// <param name="report">Its report.</param>
    /// <param name="expiresAt">When what it is granted now expires.</param>
    public void Reported(NodeBandwidthReport report, DateTimeOffset expiresAt)
    {
        foreach (var flow in report.Flows)
        {
            var demand = FlowDemand.Of(flow, report.FloorBytesPerSecond);
            var isIdleLog = flow.Flow.Kind == FlowKind.Log && demand > 0 && demand < flow.ShareInForce;
            _ = isIdleLog ? idleLogs.Add(flow.Flow) : idleLogs.Remove(flow.Flow);
            shares.InForce(flow.Flow, isIdleLog ? demand : flow.ShareInForce);
            limits.InForce(flow.Flow, flow.LimitInForce);
        }

        if (nodes.TryGetValue(report.Node, out var before))
        {
            Forget(before.Last, report.Flows.Select(flow => flow.Flow).ToHashSet());
        }

        nodes[report.Node] = (report, expiresAt);
    }

    /// <summary>A new plan: says what each flow crosses, and forgets what has expired.</summary>
    public void Planned(GrantPlan plan, IReadOnlyDictionary<string, NodeBandwidthReport> reports, DateTimeOffset now)
    {
        foreach (var (node, known) in nodes)
        {
            if (known.ExpiresAt <= now)
            {
                Forget(known.Last, []);
                nodes.Remove(node);
            }
        }

        foreach (var grant in plan.Grants)
        {
            var (egress, ingress) = plan.WayOf(grant.Flow);
            shares.Route(grant.Flow, egress, ingress);
            var (sent, received) = LimitsOf(grant.Flow, reports);
            limits.Route(grant.Flow, sent, received);
        }
    }

    /// <summary>What of a planned grant may be given now.</summary>
    /// <param name="grant">The grant that the plan has.</param>
    /// <param name="mayRise">Whether a flow may have more than it has in force, if there is room.</param>
    /// <param name="plan">The plan, for what links have to give.</param>
    /// <param name="reports">The reports, for nodes' limits.</param>
    /// <returns>The grant for now, and whether all is about as planned; null: its sender does not have the flow any more.</returns>
    public (FlowGrant? Grant, bool IsSettled) Give(FlowGrant grant, bool mayRise, GrantPlan plan, IReadOnlyDictionary<string, NodeBandwidthReport> reports)
    {
        if (!shares.Knows(grant.Flow))
        {
            return (null, true);
        }

        if (grant.IsPaused)
        {
            return (grant, true);
        }

        var floor = reports[grant.Flow.Source].FloorBytesPerSecond;
        var (egress, ingress) = plan.WayOf(grant.Flow);
        var (sent, received) = LimitsOf(grant.Flow, reports);
        var share = idleLogs.Contains(grant.Flow) ? (grant.BytesPerSecond, IsSettled: true) : shares.Give(grant.Flow, grant.BytesPerSecond, floor, mayRise, egress, ingress);
        var limit = limits.Give(grant.Flow, grant.LimitBytesPerSecond, floor, mayRise, sent, received);
        return (grant with { BytesPerSecond = share.BytesPerSecond, LimitBytesPerSecond = limit.BytesPerSecond }, share.IsSettled && limit.IsSettled);
    }

    // Nodes' limits are on copies, over all interfaces.
    private static (Crossing Sent, Crossing Received) LimitsOf(FlowId flow, IReadOnlyDictionary<string, NodeBandwidthReport> reports) => flow.Kind != FlowKind.Snapshot ? default :
    (
        new Crossing(new LinkKey(flow.Source, "", LinkDirection.Egress), reports.GetValueOrDefault(flow.Source)?.EgressLimit ?? 0),
        new Crossing(new LinkKey(flow.Replica.Node, "", LinkDirection.Ingress), reports.GetValueOrDefault(flow.Replica.Node)?.IngressLimit ?? 0)
    );

    private void Forget(NodeBandwidthReport last, HashSet<FlowId> present)
    {
        foreach (var gone in last.Flows.Where(flow => !present.Contains(flow.Flow)))
        {
            idleLogs.Remove(gone.Flow);
            shares.Forget(gone.Flow);
            limits.Forget(gone.Flow);
        }
    }
}
