using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>
/// What the broker decides, without the grain around it. Pure: time comes in as an argument, reports and orders in, grants and admissions out. Not safe for concurrent use.
/// <para>
/// It holds nothing that the nodes' next reports would not bring again, except the policy, which is kept elsewhere; so it may begin anew anywhere at any time. Until it has heard of every node that it should hear
/// of, or for <see cref="Settling"/>, it hands out no new grants and admits nobody: it would divide links among the flows that it knows and forget the others. Nodes keep their last grants meanwhile.
/// </para>
/// <para>
/// A report is a node's whole state, numbered: of two the higher number counts, so that none counts twice and a lost one is made good by the next. A node that reports to another broker is forgotten here
/// after <see cref="ReportLapse"/>, which is shorter than <see cref="Settling"/>: the new broker does not grant what the old one may still believe to be its own.
/// </para>
/// <para>
/// What is planned is handed out in an order that keeps every link feasible at every instant (<see cref="RateLedger"/>): who is to have less hears it first.
/// </para>
/// <para>
/// The plan of grants is made anew only when a report says something that matters (<see cref="ReportChange"/>), and then at most once in a time that grows with the number of flows: at 10,000 flows over
/// 1,000 nodes with four reports a second from each, that is one plan for a thousand reports.
/// </para>
/// </summary>
/// <param name="begunAt">When it was activated.</param>
/// <param name="expected">The nodes that it should hear of.</param>
public sealed class BandwidthBroker(DateTimeOffset begunAt, IReadOnlyCollection<string> expected)
{
    /// <summary>Nodes report at least once a second; after three silent ones a node's flows and links no longer count.</summary>
    public static readonly TimeSpan ReportLapse = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a new broker waits for nodes that do not report. Longer than the lapse: had nodes gone over to it from a broker that lives on, that one has forgotten them by then, and has told those that send to them.
    /// </summary>
    public static readonly TimeSpan Settling = ReportLapse + TimeSpan.FromSeconds(2);

    /// <summary>Long enough that a broker that moves to another silo is not noticed, short enough that a grant does not outlive the facts.</summary>
    public static readonly TimeSpan GrantValidity = TimeSpan.FromSeconds(10);

    // A plan costs about ten microseconds a flow on a busy machine (PlanBenchmark): so planning takes less than half a core at the very most.
    private static readonly TimeSpan PlanEvery = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan PlanEveryPerFlow = TimeSpan.FromMicroseconds(25);

    // Every node reports within a second; the answers and the next reports take a moment.
    private static readonly TimeSpan Acquaintance = TimeSpan.FromMilliseconds(1_500);

    // A sender whose flows are to have less confirms it, one whose flows wait for others comes for the rest: sooner than in its own time.
    private static readonly TimeSpan ConfirmSoon = TimeSpan.FromMilliseconds(50);

    // Pauses end and nodes fall silent without a report that says so.
    private static readonly TimeSpan PlanAtTheLatest = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, NodeBandwidthReport> reports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> heard = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> knownSince = new(StringComparer.Ordinal);
    private readonly HashSet<string> awaited = [.. expected];
    private readonly LinkEstimates estimates = new();
    private readonly GrantLedger ledger = new();
    private readonly SyncQueue queue = new();
    private readonly AlertBoard alerts = new();
    private GrantPlan plan = GrantPlan.Empty;
    private List<NodeBandwidthReport> refined = [];
    private DateTimeOffset plannedAt = DateTimeOffset.MinValue;
    private bool isStale = true;

    /// <summary>The newest policy that it has seen; null: none yet.</summary>
    public BandwidthPolicy? Policy { get; private set; }

    /// <summary>How many times grants were planned.</summary>
    public long Plans { get; private set; }

    private BandwidthPolicy PolicyInForce => Policy ?? DefaultPolicy;

    private static BandwidthPolicy DefaultPolicy { get; } = new();

    /// <summary>Takes a policy over, if it is newer than the one it has.</summary>
    public void Adopt(BandwidthPolicy policy)
    {
        if (Policy is null || policy.Version > Policy.Version)
        {
            Policy = policy;
            isStale = true;
        }
    }

    /// <summary>A node's report.</summary>
    /// <returns>The node's grants.</returns>
    public NodeGrants Report(NodeBandwidthReport report, DateTimeOffset now)
    {
        var before = reports.GetValueOrDefault(report.Node);
        if (before is null || report.Sequence >= before.Sequence)
        {
            isStale |= before is null || ReportChange.Matters(before, report);
            ledger.Reported(report, now + GrantValidity);
            if (before is null)
            {
                var wasSettled = IsSettled(now);
                knownSince[report.Node] = awaited.Remove(report.Node) && !wasSettled ? DateTimeOffset.MinValue : now;
            }

            reports[report.Node] = report;
            heard[report.Node] = now;
        }

        if (report.Policy is { } policy)
        {
            Adopt(policy);
        }

        var answer = new NodeGrants([], GrantValidity)
        {
            PolicyVersion = Policy?.Version ?? -1,
            Policy = Policy is { } known && known.Version > report.PolicyVersion ? known : null,
        };
        if (!IsSettled(now))
        {
            return answer with { IsPartial = true };
        }

        Plan(now);
        var (grants, isSettled) = Give(reports[report.Node], now);
        var due = isStale ? plannedAt + Interval - now : TimeSpan.Zero;
        return answer with { Grants = grants, Links = plan.LinksOf(report.Node), ReportAfter = due > TimeSpan.Zero ? due : isSettled ? TimeSpan.Zero : ConfirmSoon };
    }

    private (ImmutableArray<FlowGrant> Grants, bool IsSettled) Give(NodeBandwidthReport report, DateTimeOffset now)
    {
        var settled = true;
        var grants = ImmutableArray.CreateBuilder<FlowGrant>();
        foreach (var planned in plan.Of(report.Node))
        {
            // To the receiver the grant is only told.
            if (!string.Equals(planned.Flow.Source, report.Node, StringComparison.Ordinal))
            {
                grants.Add(planned);
                continue;
            }

            // Who else sends to a node that was heard of only now will show itself with its next report.
            var mayRise = now - knownSince.GetValueOrDefault(planned.Flow.Replica.Node) >= Acquaintance;
            var (grant, isSettled) = ledger.Give(planned, mayRise, plan, reports);
            settled &= isSettled;
            if (grant is not null)
            {
                grants.Add(grant);
            }
        }

        return (grants.ToImmutable(), settled);
    }

    /// <summary>A sync asks to begin, or tells that it is under way.</summary>
    public SyncAdmission Admit(SyncRequest request, DateTimeOffset now)
    {
        if (!request.IsUnderWay && !(IsSettled(now) && Policy is not null))
        {
            return new SyncAdmission(false, 1, Policy is null
                ? "the bandwidth broker has just begun and does not know the policy yet: is the coordinator up?"
                : "the bandwidth broker has just begun and has not heard of all nodes yet")
            {
                AskAfter = TimeSpan.FromMilliseconds(100),
            };
        }

        Plan(now);
        return queue.Ask(request, sync => Standing(sync, now), Seen(), now);
    }

    /// <summary>A sync has ended.</summary>
    public void Finished(ReplicaKey replica) => queue.Finished(replica);

    /// <summary>All that it knows.</summary>
    public BandwidthStatus Status(DateTimeOffset now)
    {
        Plan(now);
        var waiting = queue.Waiting(sync => Standing(sync, now), Seen(), now);
        return new BandwidthStatus
        {
            Nodes = [.. reports.Values.OrderBy(report => report.Node, StringComparer.Ordinal)],
            Grants = [.. plan.Grants],
            Admitted = queue.Admitted,
            Queued = [.. waiting.Select(sync => sync.Replica)],
            Queue = waiting,
            Links = plan.Links,
            Policy = PolicyInForce,
            Alerts = [.. alerts.Active.Concat(reports.Values.SelectMany(report => report.Alerts)).OrderBy(alert => alert.Since).ThenBy(alert => alert.Subject, StringComparer.Ordinal)],
        };
    }

    /// <summary>The alerts on links and on the queue that are raised.</summary>
    public ImmutableArray<BandwidthAlert> Alerts => alerts.Active;

    /// <summary>Looks for what is wrong with links and in the queue.</summary>
    /// <returns>The alerts that begin or end with this.</returns>
    public ImmutableArray<AlertChange> Watch(DateTimeOffset now)
    {
        Plan(now);
        return alerts.Update(
            [.. AlertRules.Links(refined, key => estimates.Find(key).SharedWith), .. AlertRules.Queue(queue.Waiting(sync => Standing(sync, now), Seen(), now).Where(sync => Policy?.PauseOf(sync.Replica, now).IsPaused != true))], now);
    }

    private TimeSpan Interval => PlanEvery + PlanEveryPerFlow * plan.Grants.Count;

    private bool IsSettled(DateTimeOffset now) => awaited.Count == 0 || now - begunAt >= Settling;

    private void Plan(DateTimeOffset now)
    {
        var age = now - plannedAt;
        if (age < Interval || (!isStale && age < PlanAtTheLatest))
        {
            return;
        }

        foreach (var (node, at) in heard)
        {
            if (now - at > ReportLapse)
            {
                heard.Remove(node);
                reports.Remove(node);
            }
        }

        estimates.Observe(reports.Values, now);
        refined = [.. reports.Values.Select(estimates.Refine)];
        plan = GrantPlan.Make(refined.ToDictionary(report => report.Node, StringComparer.Ordinal), PolicyInForce, now);
        ledger.Planned(plan, reports, now);
        plannedAt = now;
        isStale = false;
        Plans++;
    }

    // A copy that was admitted by an earlier broker shows itself by its flow, before it asks again.
    private IEnumerable<SyncRequest> Seen() =>
        plan.Grants.Where(grant => grant.Flow.Kind == FlowKind.Snapshot && !grant.IsPaused).Select(grant => new SyncRequest(grant.Flow.Replica, grant.Flow.Source, grant.Class));

    private SyncStanding Standing(SyncRequest sync, DateTimeOffset now)
    {
        var qosClass = PolicyInForce.ClassOf(sync.Replica, sync.Class);
        return new SyncStanding(
            qosClass,
            PolicyReading.RankOf(qosClass),
            plan.Followers.GetValueOrDefault(sync.Replica.Shard),
            PolicyInForce.PauseOf(sync.Replica, now),
            Places(sync.Source, sync.Replica.Node, "egress"),
            Places(sync.Replica.Node, sync.Source, "ingress"));
    }

    private LinkPlaces Places(string node, string peer, string direction)
    {
        if (!reports.TryGetValue(node, out var report))
        {
            return new LinkPlaces($"{direction} of {node}", 1);
        }

        var name = LinkTable.InterfaceTo(report, peer);
        return new LinkPlaces(name.Length == 0 ? $"{direction} of {node}" : $"{direction} {name} of {node}", Math.Max(1, report.MaxConcurrentSyncs));
    }
}
