using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>
/// The grants that follow from the nodes' reports and the policy. Pure: reports in, grants out.
/// <para>
/// Two divisions. The shares divide all links, known capacities and operators' limits alike, by <see cref="BandwidthAllocator"/>. The limits divide only what operators have set: they are what a flow may never
/// exceed, even for a moment. A flow that a link's capacity holds, and no operator, gets a limit a quarter above its share, where there is one at all, so that it can find out that the link has become faster; what
/// then is left of an operator's limit goes to all. A share is never above its limit, so both divisions are feasible.
/// </para>
/// </summary>
public sealed class GrantPlan
{
    // A flow probes up to a quarter above its share.
    private const long ProbeNumerator = 5;
    private const long ProbeDenominator = 4;

    private readonly Dictionary<FlowId, FlowGrant> grants = [];
    private readonly Dictionary<string, ImmutableArray<FlowGrant>.Builder> byNode = new(StringComparer.Ordinal);

    private readonly Dictionary<FlowId, (Crossing Egress, Crossing Ingress)> ways = [];
    private readonly Dictionary<string, ImmutableArray<LinkStatus>> linksOfNode = new(StringComparer.Ordinal);

    private GrantPlan()
    {
    }

    /// <summary>Nothing is known.</summary>
    public static GrantPlan Empty { get; } = new();

    /// <summary>All grants.</summary>
    public IReadOnlyCollection<FlowGrant> Grants => grants.Values;

    /// <summary>All links that were told of.</summary>
    public ImmutableArray<LinkStatus> Links { get; private set; } = [];

    /// <summary>A node's links.</summary>
    public ImmutableArray<LinkStatus> LinksOf(string node) => linksOfNode.GetValueOrDefault(node, []);

    /// <summary>How many replicas of each shard follow its log at present: those whose loss would hurt the less.</summary>
    public IReadOnlyDictionary<int, int> Followers { get; private set; } = new Dictionary<int, int>();

    /// <summary>The grants of the flows that a node sends or receives.</summary>
    public ImmutableArray<FlowGrant> Of(string node) => byNode.TryGetValue(node, out var mine) ? mine.ToImmutable() : [];

    /// <summary>The links that a flow crosses, with what they have to give.</summary>
    internal (Crossing Egress, Crossing Ingress) WayOf(FlowId flow) => ways.GetValueOrDefault(flow);

    /// <summary>A flow's grant, or null.</summary>
    public FlowGrant? Find(FlowId flow) => grants.GetValueOrDefault(flow);

    /// <summary>Makes the plan.</summary>
    /// <param name="reports">The newest report of each node that is known to be alive, by its name.</param>
    /// <param name="policy">What operators have ordered.</param>
    /// <param name="now">The present time, for pauses that end.</param>
    public static GrantPlan Make(IReadOnlyDictionary<string, NodeBandwidthReport> reports, BandwidthPolicy policy, DateTimeOffset now)
    {
        var plan = new GrantPlan();
        var links = new LinkTable(reports);
        var flows = new List<PlannedFlow>();
        var followers = new Dictionary<int, int>();
        foreach (var report in reports.Values)
        {
            // A connection that replaces a stalled one has the same name; it is one flow.
            foreach (var flow in report.Flows.Length > 1 ? report.Flows.DistinctBy(flow => flow.Flow) : report.Flows)
            {
                if (flow.Flow.Kind == FlowKind.Log)
                {
                    followers[flow.Flow.Replica.Shard] = followers.GetValueOrDefault(flow.Flow.Replica.Shard) + 1;
                }

                Plan(plan, report, flow);
            }
        }

        ShareDivision.Divide(flows, links, reports);
        LimitDivision.Divide(flows, reports);
        foreach (var flow in flows)
        {
            plan.Grant(flow.ToGrant(links));
            plan.ways[flow.Id] = (links.CrossingOf(flow.Egress), links.CrossingOf(flow.Ingress));
        }

        plan.Followers = followers;
        plan.Tell(links);
        return plan;

        void Plan(GrantPlan plan, NodeBandwidthReport source, FlowReport flow)
        {
            var terms = policy.TermsOf(policy.ClassOf(flow.Flow, flow.Class));
            var isCopy = flow.Flow.Kind == FlowKind.Snapshot;
            var pause = isCopy ? policy.PauseOf(flow.Flow.Replica, now) : default;
            var limit = policy.LimitOf(flow.Flow, flow.Class);
            if (pause.IsPaused)
            {
                plan.Grant(new FlowGrant(flow.Flow, 0, pause.Until is { } until ? $"paused until {until:u}" : "paused until it is resumed")
                {
                    LimitBytesPerSecond = limit,
                    IsPaused = true,
                    PausedUntil = pause.Until,
                    Class = terms.Name,
                });
            }
            else if (isCopy && !reports.ContainsKey(flow.Flow.Replica.Node))
            {
                plan.Grant(new FlowGrant(flow.Flow, 0, $"floor: node {flow.Flow.Replica.Node} has not reported its limit yet")
                {
                    LimitBytesPerSecond = limit == 0 ? source.FloorBytesPerSecond : Math.Min(limit, source.FloorBytesPerSecond),
                    Class = terms.Name,
                });
            }
            else
            {
                flows.Add(new PlannedFlow(flow, source, terms, limit, links.Egress(flow), links.Ingress(flow.Flow)));
            }
        }
    }

    /// <summary>A flow that is held by the network may probe so far above its share.</summary>
    internal static long WithProbe(long share) => share > BandwidthAllocator.MaxRate / 2 ? BandwidthAllocator.MaxRate : share * ProbeNumerator / ProbeDenominator + 1;

    private void Tell(LinkTable links)
    {
        Links = [.. links.Links.ToArray().Select(link => new LinkStatus
        {
            Node = link.Node.Node,
            Link = link.Report,
            AvailableBytesPerSecond = link.Available,
            AllocatedBytesPerSecond = link.Allocated,
            Flows = link.Flows,
        })];
        foreach (var link in Links)
        {
            linksOfNode[link.Node] = linksOfNode.GetValueOrDefault(link.Node, []).Add(link);
        }
    }

    private void Grant(FlowGrant grant)
    {
        grants[grant.Flow] = grant;
        Builder(grant.Flow.Source).Add(grant);
        if (!string.Equals(grant.Flow.Source, grant.Flow.Replica.Node, StringComparison.Ordinal))
        {
            Builder(grant.Flow.Replica.Node).Add(grant);
        }
    }

    private ImmutableArray<FlowGrant>.Builder Builder(string node)
    {
        if (!byNode.TryGetValue(node, out var builder))
        {
            byNode.Add(node, builder = ImmutableArray.CreateBuilder<FlowGrant>());
        }

        return builder;
    }
}
