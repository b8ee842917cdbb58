using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Replication;
using Sluice.Sync;

namespace Sluice.Tests.Bandwidth.Alerts;

/// <summary>What a node finds wrong by itself.</summary>
public sealed class AlertWatchTests : IDisposable
{
    private readonly ManualTimeProvider time = new();
    private readonly BandwidthView view = new();
    private readonly GrantTable grants = new();
    private readonly SyncTable syncs = new();
    private readonly ReplicationSources sources = new();
    private readonly AlertWebhook webhook;
    private readonly AlertDesk desk;
    private readonly BandwidthMetrics metrics;
    private readonly AlertWatch watch;

    public AlertWatchTests()
    {
        var options = Options.Create(new NodeOptions { Name = "a" });
        webhook = new AlertWebhook(new LiveConfiguration(), options, time, NullLogger<AlertWebhook>.Instance);
        desk = new AlertDesk(webhook, NullLogger<AlertDesk>.Instance);
        metrics = new BandwidthMetrics(view, desk);
        watch = new AlertWatch(view, grants, syncs, sources, desk, metrics, new LiveConfiguration(), options, time);
    }

    public void Dispose()
    {
        watch.Dispose();
        metrics.Dispose();
        webhook.Dispose();
    }

    [Fact]
    public void A_shard_that_is_written_faster_than_its_log_stream_may_send_cannot_converge()
    {
        var flow = new FlowId(FlowKind.Log, "a", new ReplicaKey(3, "b"));
        var log = new GrowingLog();
        using var offer = sources.OfferLog(new ReplicaKey(3, "a"), log);
        Grant(new FlowGrant(flow, 1_000_000, ""));
        Report(new FlowReport { Flow = flow, BytesPerSecond = 1_000_000, HeldBy = FlowHold.Share });

        Run(TimeSpan.FromMinutes(2), () => log.WrittenBytes += 2_000_000);
        var alert = Assert.Single(desk.OfNode);
        Assert.Equal((AlertKind.CannotConverge, "log a -> 3@b", 1_000_000), (alert.Kind, alert.Subject, alert.ToBytesPerSecond));
        Assert.InRange(alert.FromBytesPerSecond, 1_900_000, 2_100_000);

        Run(TimeSpan.FromMinutes(2), () => log.WrittenBytes += 500_000);
        Assert.Empty(desk.OfNode);
    }

    [Fact]
    public void A_log_stream_that_keeps_up_with_bursts_is_no_alert()
    {
        var flow = new FlowId(FlowKind.Log, "a", new ReplicaKey(3, "b"));
        var log = new GrowingLog();
        using var offer = sources.OfferLog(new ReplicaKey(3, "a"), log);
        Grant(new FlowGrant(flow, 1_000_000, ""));
        Report(new FlowReport { Flow = flow, BytesPerSecond = 1_000_000, HeldBy = FlowHold.Share });

        for (var burst = 0; burst < 10; burst++)
        {
            Run(TimeSpan.FromSeconds(5), () => log.WrittenBytes += 2_000_000);
            Run(TimeSpan.FromSeconds(15), () => log.WrittenBytes += 0);
            Assert.Empty(desk.OfNode);
        }
    }

    [Fact]
    public void A_copy_of_which_nothing_arrives_is_stalled_until_data_comes_again()
    {
        var replica = new ReplicaKey(3, "a");
        var tracker = new SyncTracker(replica, time);
        syncs.Enter(replica, tracker);
        tracker.Begin(new SyncOrder("b", 1, QosClass.Normal, Force: false));
        tracker.Enter(SyncState.Copying, "files from b");
        var position = 0L;
        Run(TimeSpan.FromMinutes(1), () => tracker.Received(position += 1_000, 1_000, position));
        Assert.Empty(desk.OfNode);

        Run(TimeSpan.FromSeconds(20), () => { });
        Assert.Equal((AlertKind.SyncStalled, "3@a"), (Assert.Single(desk.OfNode).Kind, desk.OfNode[0].Subject));

        Run(TimeSpan.FromSeconds(5), () => tracker.Received(position += 1_000, 1_000, position));
        Assert.Empty(desk.OfNode);
        syncs.Leave(replica, tracker);
        Assert.Empty(syncs.All);
    }

    [Fact]
    public void A_paused_copy_is_not_stalled()
    {
        var replica = new ReplicaKey(3, "a");
        var tracker = new SyncTracker(replica, time);
        syncs.Enter(replica, tracker);
        tracker.Begin(new SyncOrder("b", 1, QosClass.Normal, Force: false));
        tracker.Enter(SyncState.Copying, "files from b");

        Run(TimeSpan.FromMinutes(1), () => Grant(new FlowGrant(new FlowId(FlowKind.Snapshot, "b", replica), 0, "paused") { IsPaused = true }));

        Assert.Empty(desk.OfNode);
    }

    [Fact]
    public void Grants_that_expire_are_told_until_the_broker_answers_again()
    {
        var flow = new FlowId(FlowKind.Snapshot, "a", new ReplicaKey(3, "b"));
        Report(new FlowReport { Flow = flow });
        Grant(new FlowGrant(flow, 5_000_000, ""));
        Run(TimeSpan.FromSeconds(9), () => { });
        Assert.Empty(desk.OfNode);

        Run(TimeSpan.FromSeconds(5), () => { });
        var alert = Assert.Single(desk.OfNode);
        Assert.Equal((AlertKind.GrantExpired, "a", 5_000_000, 65_536), (alert.Kind, alert.Subject, alert.FromBytesPerSecond, alert.ToBytesPerSecond));

        Run(TimeSpan.FromSeconds(5), () => Grant(new FlowGrant(flow, 5_000_000, "")));
        Assert.Empty(desk.OfNode);
    }

    [Fact]
    public void A_broker_that_never_answered_is_told_too()
    {
        Report(new FlowReport { Flow = new FlowId(FlowKind.Snapshot, "a", new ReplicaKey(3, "b")) });
        Run(TimeSpan.FromSeconds(12), () => { });

        Assert.Equal(AlertKind.GrantExpired, Assert.Single(desk.OfNode).Kind);
    }

    [Fact]
    public void Write_rates_follow_counters_that_may_begin_anew()
    {
        var rates = new WriteRates();
        var bytes = 0L;
        for (var second = 0; second < 120; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            rates.Count(3, bytes += 1_000_000, time.GetUtcNow());
        }

        Assert.InRange(rates.Count(3, bytes, time.GetUtcNow()), 990_000, 1_010_000);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rates.Count(3, 5, time.GetUtcNow()));
        rates.Keep(new HashSet<int>());
        Assert.Equal(0, rates.Count(3, 1_000_000_000, time.GetUtcNow()));
    }

    private void Report(params FlowReport[] flows) => view.Reported(new NodeBandwidthReport { Node = "a", Flows = [.. flows] }, time.GetUtcNow());

    private void Grant(FlowGrant grant)
    {
        var answer = new NodeGrants([grant], TimeSpan.FromSeconds(10));
        view.Answered(answer, time.GetUtcNow());
        grants.Update(answer, time.GetUtcNow());
    }

    // Grants are renewed by whoever tests something else.
    private void Run(TimeSpan length, Action each)
    {
        var renewed = view.Grants?.Grants.FirstOrDefault() is { Flow.Kind: FlowKind.Log } grant ? grant : null;
        for (var passed = TimeSpan.Zero; passed < length; passed += TimeSpan.FromSeconds(1))
        {
            time.Advance(TimeSpan.FromSeconds(1));
            if (renewed is not null)
            {
                Grant(renewed);
            }

            each();
            desk.Update(watch.Look(time.GetUtcNow()), time.GetUtcNow());
        }
    }

    private sealed class GrowingLog : ILogSource
    {
        public long Epoch => 1;

        public long LatestSequence => 1;

        public long WrittenBytes { get; set; }

        public ILogReader OpenReader(long fromSequence) => throw new NotSupportedException();

        public ValueTask WaitForNewerAsync(long sequence, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IReadOnlyList<FollowerStatus> Followers { get; set; } = [];

        public ILogFollower Follow(ReplicaKey replica, FollowerMode mode, long from) => throw new NotSupportedException();
    }
}
