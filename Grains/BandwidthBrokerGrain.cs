using Sluice.Bandwidth;

namespace Sluice.Grains;

/// <summary>
/// Keeps the newest report of each node and answers with grants. It holds nothing that the next round of reports would not bring again, so it may be activated
/// anywhere at any time: until a receiver's report has come in, its flows get their floor.
/// </summary>
internal sealed class BandwidthBrokerGrain(TimeProvider time) : Grain, IBandwidthBrokerGrain
{
    // Nodes report at least once a second; after ten silent ones a node's flows no longer count.
    private static readonly TimeSpan ReportLapse = TimeSpan.FromSeconds(10);

    // Long enough that a broker that moves to another silo is not noticed, short enough that a grant does not outlive the facts.
    private static readonly TimeSpan GrantValidity = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (NodeBandwidthReport Report, DateTimeOffset At)> reports = new(StringComparer.Ordinal);
    private readonly SyncQueue queue = new();

    /// <inheritdoc/>
    public Task<NodeGrants> Report(NodeBandwidthReport report)
    {
        reports[report.Node] = (report, time.GetUtcNow());
        var mine = CurrentGrants().Where(grant => Concerns(grant.Flow, report.Node));
        return Task.FromResult(new NodeGrants([.. mine], GrantValidity));
    }

    /// <inheritdoc/>
    public Task<SyncAdmission> Admit(SyncRequest request)
    {
        var limit = reports.TryGetValue(request.Replica.Node, out var known) ? Math.Max(1, known.Report.MaxConcurrentSyncs) : 1;
        return Task.FromResult(queue.Ask(request.Replica, limit, time.GetUtcNow()));
    }

    /// <inheritdoc/>
    public Task Finished(ReplicaKey replica)
    {
        queue.Finished(replica);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<BandwidthStatus> GetStatus() => Task.FromResult(new BandwidthStatus
    {
        Nodes = [.. LiveReports()],
        Grants = [.. CurrentGrants()],
        Admitted = queue.Admitted,
        Queued = queue.Queued,
    });

    /// <inheritdoc/>
    public Task<BandwidthPolicy> GetPolicy() => Policy().Get();

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetClass(QosClassTerms terms) => ChangeAsync(policy => policy.WithClass(terms));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSyncClass(ReplicaKey replica, string qosClass) => ChangeAsync(policy => policy.WithSyncClass(replica, qosClass));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSyncLimit(ReplicaKey replica, long bytesPerSecond) => ChangeAsync(policy => policy.WithSyncLimit(replica, bytesPerSecond));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSync(ReplicaKey replica, string? qosClass, long? limitBytesPerSecond) => ChangeAsync(policy => policy.WithSync(replica, qosClass, limitBytesPerSecond));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> Pause(ReplicaKey replica, DateTimeOffset? until) => ChangeAsync(policy => policy.WithPause(replica, until, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> Resume(ReplicaKey replica) => ChangeAsync(policy => policy.WithResumed(replica));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> PauseAll(DateTimeOffset? until) => ChangeAsync(policy => policy.WithPauseOfAll(until, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> ResumeAll() => ChangeAsync(policy => policy.WithAllResumed());

    private async Task<BandwidthPolicy> ChangeAsync(Func<BandwidthPolicy, BandwidthPolicy> change)
    {
        while (true)
        {
            var before = await Policy().Get();
            if (await Policy().Replace(change(before.Swept(time.GetUtcNow()))) is { } next)
            {
                return next;
            }
        }
    }

    private IBandwidthPolicyGrain Policy() => GrainFactory.GetGrain<IBandwidthPolicyGrain>(0);

    private static bool Concerns(FlowId flow, string node) =>
        string.Equals(flow.Source, node, StringComparison.Ordinal) || string.Equals(flow.Replica.Node, node, StringComparison.Ordinal);

    private IEnumerable<FlowGrant> CurrentGrants()
    {
        var live = LiveReports();
        var floor = live.Count == 0 ? 1 : Math.Max(1, live.Min(report => report.FloorBytesPerSecond));
        return EqualShareAllocator.Allocate(live, floor);
    }

    private List<NodeBandwidthReport> LiveReports()
    {
        var now = time.GetUtcNow();
        foreach (var (node, entry) in reports.ToList())
        {
            if (now - entry.At > ReportLapse)
            {
                reports.Remove(node);
            }
        }

        return [.. reports.Values.Select(entry => entry.Report).OrderBy(report => report.Node, StringComparer.Ordinal)];
    }
}
