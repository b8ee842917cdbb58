using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Configuration;
using Sluice.Replication;
using Sluice.Sync;

namespace Sluice.Bandwidth;

/// <summary>
/// Looks once a second at what only this node can see: its own copies that stand still, followers that hang, shards of its own that are written faster than their flows may send, grants that expired. Links and the queue are the
/// broker's to watch.
/// </summary>
internal sealed class AlertWatch(
    BandwidthView view, GrantTable grants, SyncTable syncs, ReplicationSources sources, AlertDesk desk, BandwidthMetrics metrics, LiveConfiguration configuration, IOptions<NodeOptions> options, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly WriteRates rates = new();
    private readonly string node = options.Value.Name;

    /// <summary>The metrics that live as long as the watch does.</summary>
    public BandwidthMetrics Metrics => metrics;

    /// <summary>What is wrong at this moment.</summary>
    internal List<AlertCondition> Look(DateTimeOffset now)
    {
        var paused = (view.Grants?.Grants ?? []).Where(grant => grant.IsPaused).Select(grant => grant.Flow.Replica).ToHashSet();
        List<AlertCondition> conditions = [.. AlertRules.Stalls(syncs.All, paused.Contains, now), .. AlertRules.Convergence(Pressures(now)), .. AlertRules.Hung(Followers())];
        if (view.IsExpired(now) && view.Report is { Flows: { Length: > 0 } flows })
        {
            conditions.Add(AlertRules.Expired(node, flows.Length, (view.Grants?.Grants ?? []).Where(grant => grant.Flow.Source == node).Sum(grant => grant.Ceiling()), configuration.SyncFloorBytesPerSecond));
        }

        return conditions;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            desk.Update(Look(now), now);
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IEnumerable<(ReplicaKey Source, FollowerStatus Follower)> Followers() => sources.Logs.SelectMany(log => log.Value.Followers.Select(follower => (log.Key, follower)));

    private List<FlowPressure> Pressures(DateTimeOffset now)
    {
        var flows = (view.Report?.Flows ?? []).DistinctBy(flow => flow.Flow).ToList();
        var written = new Dictionary<int, long>();
        foreach (var shard in flows.Select(flow => flow.Flow.Replica.Shard).Distinct())
        {
            if (sources.FindLog(new ReplicaKey(shard, node)) is { } log)
            {
                written[shard] = rates.Count(shard, log.WrittenBytes, now);
            }
        }

        rates.Keep(written.Keys.ToHashSet());
        return [.. flows.Select(flow => new FlowPressure(
            flow.Flow,
            written.GetValueOrDefault(flow.Flow.Replica.Shard),
            flow.BytesPerSecond,
            grants.Find(flow.Flow, now)?.Ceiling() ?? 0,
            flow.Flow.Kind == FlowKind.Snapshot || flow.HeldBy is FlowHold.Delay or FlowHold.Share or FlowHold.Limit or FlowHold.Floor))];
    }
}
