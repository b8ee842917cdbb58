using Sluice.Bandwidth;
using static Sluice.Tests.Bandwidth.Reports;

namespace Sluice.Tests.Bandwidth.Broker;

public sealed class BandwidthBrokerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly BandwidthBroker broker = new(Start, ["a", "b"]);
    private DateTimeOffset now = Start;

    [Fact]
    public void A_new_broker_hands_out_no_grants_before_it_has_heard_of_all_nodes()
    {
        var first = broker.Report(Node("a", flows: Copy("a", "b", 0)), now);
        var second = broker.Report(Node("b", ingress: 1_000_000), now);

        Assert.True(first.IsPartial);
        Assert.Empty(first.Grants);
        Assert.False(second.IsPartial);
        Assert.Equal(1_000_000, Assert.Single(second.Grants).LimitBytesPerSecond);
    }

    [Fact]
    public void It_does_not_wait_for_a_dead_node_for_ever()
    {
        Assert.True(broker.Report(Node("a"), now).IsPartial);
        now += BandwidthBroker.Settling;
        Assert.False(broker.Report(Node("a"), now).IsPartial);
    }

    [Fact]
    public void A_report_that_arrives_late_does_not_undo_a_newer_one()
    {
        broker.Report(Node("a", flows: Copy("a", "b", 0)) with { Sequence = 1 }, now);
        broker.Report(Node("b", ingress: 2_000_000) with { Sequence = 7 }, now);
        now += TimeSpan.FromMilliseconds(100);
        var late = broker.Report(Node("b", ingress: 1_000_000) with { Sequence = 6 }, now);

        Assert.Equal(2_000_000, Assert.Single(late.Grants).LimitBytesPerSecond);
    }

    [Fact]
    public void Logs_that_stand_still_leave_a_copy_the_link_although_their_reservations_are_more_than_it_has()
    {
        const long Capacity = 12_500_000;
        var idle = Enumerable.Range(1, 15).Select(shard => Log("a", "b", shard) with { HeldBy = FlowHold.Application, ShareInForce = 1 << 20, Interface = "eth0" }).ToArray();
        var copy = Copy("a", "b", 0) with { HeldBy = FlowHold.Share, ShareInForce = 100_000, BytesPerSecond = 100_000, Interface = "eth0" };
        var sender = Node("a", capacity: Capacity, flows: [copy, .. idle]);
        Settle(sender, Node("b", capacity: Capacity));
        now += TimeSpan.FromMilliseconds(250);

        var answer = broker.Report(sender with { Sequence = sender.Sequence + 1 }, now);

        Assert.InRange(answer.Grants.Single(grant => grant.Flow == copy.Flow).BytesPerSecond, Capacity * 8 / 10, Capacity);
        Assert.All(answer.Grants.Where(grant => grant.Flow.Kind == FlowKind.Log), grant => Assert.True(grant.BytesPerSecond >= 1 << 20, $"{grant.Flow} could not wake up"));
    }

    [Fact]
    public void A_node_that_reports_no_more_is_forgotten()
    {
        Settle(Node("a", flows: Copy("a", "b", 0)), Node("b", ingress: 1_000_000));
        now += BandwidthBroker.ReportLapse + TimeSpan.FromMilliseconds(1);

        Assert.Empty(broker.Report(Node("b", ingress: 1_000_000), now).Grants);
        Assert.Equal("b", Assert.Single(broker.Status(now).Nodes).Node);
    }

    [Fact]
    public void Reports_that_say_nothing_new_make_no_new_plan_and_changes_make_at_most_one_in_a_while()
    {
        Settle(Node("a", flows: Copy("a", "b", 0)), Node("b", ingress: 1_000_000));
        now += TimeSpan.FromMilliseconds(100);
        broker.Report(Node("b", ingress: 1_000_000), now);
        var plans = broker.Plans;
        for (var i = 0; i < 100; i++)
        {
            broker.Report(Node("b", ingress: 1_000_000), now += TimeSpan.FromMicroseconds(250));
        }

        Assert.Equal(plans, broker.Plans);
        for (var i = 0; i < 100; i++)
        {
            var answer = broker.Report(Node("b", ingress: 1_000_000 + i), now += TimeSpan.FromMicroseconds(100));
            Assert.True(answer.ReportAfter > TimeSpan.Zero || answer.Grants[0].LimitBytesPerSecond == 1_000_000 + i);
        }

        Assert.InRange(broker.Plans - plans, 2, 7);
    }

    [Fact]
    public void A_copy_that_an_operator_has_paused_raises_no_alert_about_its_waiting()
    {
        Settle(Node("a"), Node("b"));
        broker.Adopt(new BandwidthPolicy { Version = 1 }.WithPauseOfAll(null, now) with { Version = 1 });

        // Longer than anything must last to be an alert, in steps in which the copy asks again.
        for (var i = 0; i < 60; i++)
        {
            now += TimeSpan.FromSeconds(1);
            broker.Report(Node("a") with { Sequence = 10 + i }, now);
            broker.Report(Node("b") with { Sequence = 10 + i }, now);
            Assert.False(broker.Admit(new SyncRequest(new ReplicaKey(0, "b"), "a", QosClass.Normal), now).Admitted);
            broker.Watch(now);
        }

        Assert.Single(broker.Status(now).Queue);
        Assert.Empty(broker.Alerts);
    }

    [Fact]
    public void Policy_spreads_by_reports_and_answers_and_the_newest_wins()
    {
        var (older, newer) = (new BandwidthPolicy { Version = 4 }, new BandwidthPolicy { Version = 5, IsPaused = true });
        broker.Adopt(older);

        Assert.Same(older, broker.Report(Node("a") with { PolicyVersion = -1 }, now).Policy);
        Assert.Null(broker.Report(Node("a") with { PolicyVersion = 4 }, now).Policy);
        broker.Report(Node("b") with { PolicyVersion = 5, Policy = newer }, now);
        Assert.Same(newer, broker.Report(Node("a") with { PolicyVersion = 4 }, now).Policy);
        broker.Adopt(older);
        Assert.Same(newer, broker.Policy);
    }

    [Fact]
    public void Nobody_is_admitted_before_nodes_and_policy_are_known_but_who_is_under_way_goes_on()
    {
        var request = new SyncRequest(new ReplicaKey(0, "b"), "a", QosClass.Normal);
        Assert.Contains("policy", broker.Admit(request, now).Reason, StringComparison.Ordinal);
        broker.Adopt(new BandwidthPolicy());
        Assert.Contains("all nodes", broker.Admit(request, now).Reason, StringComparison.Ordinal);
        Assert.True(broker.Admit(request with { IsUnderWay = true, Replica = new ReplicaKey(1, "b") }, now).Admitted);

        Settle(Node("a"), Node("b"));
        Assert.True(broker.Admit(request, now).Admitted);
        Assert.Contains("ingress of b takes 2", broker.Admit(request with { Replica = new ReplicaKey(2, "b") }, now).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sync_that_waits_for_a_shard_with_fewer_live_replicas_goes_first()
    {
        broker.Adopt(new BandwidthPolicy());
        Settle(Node("a", flows: [Log("a", "c", 1)]), Node("b") with { MaxConcurrentSyncs = 1 });
        SyncAdmission Ask(int shard) => broker.Admit(new SyncRequest(new ReplicaKey(shard, "b"), "a", QosClass.Normal), now);
        Assert.True(Ask(0).Admitted);
        Ask(1);
        Ask(2);

        Assert.Equal([2, 1], broker.Status(now).Queued.Select(replica => replica.Shard));
    }

    [Fact]
    public void A_paused_class_or_a_changed_one_takes_effect_with_the_next_report()
    {
        broker.Adopt(new BandwidthPolicy());
        Settle(Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1)]), Node("b", ingress: 5_000_000));
        now += TimeSpan.FromMilliseconds(250);
        broker.Adopt(broker.Policy!.WithSyncClass(new ReplicaKey(0, "b"), QosClass.Urgent) with { Version = 1 });
        var grants = broker.Report(Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1)]), now).Grants;

        Assert.Equal([(4_000_000, QosClass.Urgent), (1_000_000, QosClass.Normal)], grants.Select(grant => (grant.LimitBytesPerSecond, grant.Class)));
    }

    private void Settle(params NodeBandwidthReport[] reports)
    {
        foreach (var report in reports)
        {
            broker.Report(report, now);
        }
    }
}
