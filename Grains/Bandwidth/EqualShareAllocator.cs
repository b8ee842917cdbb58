using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>
/// Divides each node's configured limits equally among the copies that cross them. Pure: reports in, grants out.
/// A copy's rate is the smaller of its part of the sender's egress limit and its part of the receiver's ingress limit. Log streams are not limited here: they are
/// what keeps a replica live, and the limits are on copies (Pika's throttle-bytes-per-second).
/// </summary>
public static class EqualShareAllocator
{
    /// <summary>Computes the grants of all reported flows.</summary>
    /// <param name="reports">The newest report of each node that is known to be alive.</param>
    /// <param name="floorBytesPerSecond">What a flow gets at the least, and all that it gets while its receiver has not reported its limit; above 0.</param>
    public static ImmutableArray<FlowGrant> Allocate(IReadOnlyCollection<NodeBandwidthReport> reports, long floorBytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(floorBytesPerSecond);
        var nodes = reports.ToDictionary(report => report.Node, StringComparer.Ordinal);
        var copies = reports.SelectMany(report => report.Flows).Where(flow => flow.Flow.Kind == FlowKind.Snapshot).ToList();
        var bySource = copies.CountBy(flow => flow.Flow.Source, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var byReceiver = copies.CountBy(flow => flow.Flow.Replica.Node, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

        return [.. reports.SelectMany(report => report.Flows).Select(flow => Grant(flow.Flow))];

        FlowGrant Grant(FlowId flow)
        {
            if (flow.Kind != FlowKind.Snapshot)
            {
                return new FlowGrant(flow, 0, "log streams have no limit");
            }

            if (!nodes.TryGetValue(flow.Replica.Node, out var receiver))
            {
                return new FlowGrant(flow, 0, $"floor: node {flow.Replica.Node} has not reported its limit yet") { LimitBytesPerSecond = floorBytesPerSecond };
            }

            var egress = Share(nodes[flow.Source].EgressLimit, bySource[flow.Source], floorBytesPerSecond);
            var ingress = Share(receiver.IngressLimit, byReceiver[flow.Replica.Node], floorBytesPerSecond);
            return (egress, ingress) switch
            {
                (0, 0) => new FlowGrant(flow, 0, "no limit is set"),
                (0, _) => new FlowGrant(flow, 0, $"throttle-bytes-per-second of {flow.Replica.Node}") { LimitBytesPerSecond = ingress },
                (_, 0) => new FlowGrant(flow, 0, $"sync-egress-bytes-per-second of {flow.Source}") { LimitBytesPerSecond = egress },
                _ when ingress <= egress => new FlowGrant(flow, 0, $"throttle-bytes-per-second of {flow.Replica.Node}") { LimitBytesPerSecond = ingress },
                _ => new FlowGrant(flow, 0, $"sync-egress-bytes-per-second of {flow.Source}") { LimitBytesPerSecond = egress },
            };
        }
    }

    // A limit of 0 is none and stays none. The floor keeps every flow moving even when a tiny limit is divided among many.
    private static long Share(long limit, int flows, long floor) => limit == 0 ? 0 : Math.Max(limit / flows, Math.Min(floor, limit));
}
