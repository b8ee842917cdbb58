using FsCheck;
using FsCheck.Fluent;
using Sluice.Bandwidth;
using static Sluice.Tests.Bandwidth.Reports;

namespace Sluice.Tests.Bandwidth.Allocation;

public sealed class GrantPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private BandwidthPolicy policy = new();

    [Fact]
    public void Without_known_capacity_and_limits_a_flow_has_neither_share_nor_limit()
    {
        var grant = Assert.Single(Plan(Node("a", flows: Copy("a", "b", 0)), Node("b")).Grants);

        Assert.Equal((0, 0, "no limit is set"), (grant.BytesPerSecond, grant.LimitBytesPerSecond, grant.Reason));
    }

    [Fact]
    public void A_receivers_limit_is_divided_by_weight_among_the_copies_that_it_receives()
    {
        var plan = Plan(Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1, QosClass.Urgent)]), Node("b", ingress: 20_000_000));

        Assert.Equal([4_000_000, 16_000_000], plan.Grants.Select(grant => grant.LimitBytesPerSecond));
        Assert.All(plan.Grants, grant => Assert.Equal((0, "throttle-bytes-per-second of b"), (grant.BytesPerSecond, grant.Reason)));
    }

    [Fact]
    public void The_tighter_end_decides_and_is_named()
    {
        var grant = Assert.Single(Plan(Node("a", egress: 5_000_000, flows: Copy("a", "b", 0)), Node("b", ingress: 20_000_000)).Grants);

        Assert.Equal((5_000_000, "sync-egress-bytes-per-second of a"), (grant.LimitBytesPerSecond, grant.Reason));
    }

    [Fact]
    public void A_share_is_what_headroom_and_foreground_leave_of_the_narrower_link()
    {
        var grant = Assert.Single(Plan(Node("a", capacity: 125_000_000, flows: Copy("a", "b", 0)), Node("b", capacity: 12_500_000, foreground: 1_250_000)).Grants);

        Assert.Equal((10_000_000, 0, "normal share (weight 4) of ingress eth0 of b"), (grant.BytesPerSecond, grant.LimitBytesPerSecond, grant.Reason));
        Assert.False(grant.IsEstimated);
    }

    [Fact]
    public void A_share_of_an_estimated_capacity_says_so() =>
        Assert.True(Assert.Single(Plan(Node("a", capacity: 1_000_000, source: CapacitySource.Estimated, flows: Copy("a", "b", 0)), Node("b")).Grants).IsEstimated);

    [Theory]
    [InlineData(NodeBandwidthReport.AutoHeadroom, CapacitySource.Configured, 900_000)]
    [InlineData(NodeBandwidthReport.AutoHeadroom, CapacitySource.Interface, 900_000)]
    [InlineData(NodeBandwidthReport.AutoHeadroom, CapacitySource.Estimated, 1_000_000)]
    [InlineData(20, CapacitySource.Configured, 800_000)]
    [InlineData(20, CapacitySource.Estimated, 800_000)]
    [InlineData(0, CapacitySource.Interface, 1_000_000)]
    public void Headroom_is_left_of_what_is_known_for_sure_or_as_ordered(int headroom, CapacitySource source, long share)
    {
        var node = Node("a", capacity: 1_000_000, source: source, flows: Copy("a", "b", 0)) with { HeadroomPercent = headroom };

        Assert.Equal(share, Assert.Single(Plan(node, Node("b")).Grants).BytesPerSecond);
    }

    [Theory]
    [InlineData(FlowHold.Delay)]
    [InlineData(FlowHold.Application)]
    public void A_copy_that_fell_behind_may_ask_for_an_eighth_of_an_equal_part(FlowHold held)
    {
        var behind = Copy("a", "b", 0) with { HeldBy = held, BytesPerSecond = 10_000, RemainingBytes = 1 };
        var ahead = Copy("a", "b", 1) with { HeldBy = FlowHold.Delay, BytesPerSecond = 9_000_000, RemainingBytes = 1 };
        var node = Node("a", capacity: 10_000_000, source: CapacitySource.Estimated, flows: [behind, ahead]);

        Assert.Equal([562_500, 8_437_500], Plan(node, Node("b")).Grants.Select(grant => grant.BytesPerSecond));

        // One that has sent all asks for nothing more.
        var done = node with { Flows = [behind with { RemainingBytes = 0 }, ahead] };
        Assert.InRange(Plan(done, Node("b")).Find(behind.Flow)!.BytesPerSecond, 1, 100_000);
    }

    [Fact]
    public void Foreground_that_fills_a_link_leaves_copies_their_floors()
    {
        var grant = Assert.Single(Plan(Node("a", capacity: 1_000_000, foreground: 5_000_000, flows: Copy("a", "b", 0)), Node("b")).Grants);

        Assert.Equal(Floor, grant.BytesPerSecond);
    }

    [Fact]
    public void A_copy_whose_receiver_has_not_reported_gets_its_floor() =>
        Assert.Equal(Floor, Assert.Single(Plan(Node("a", flows: Copy("a", "b", 0))).Grants).LimitBytesPerSecond);

    [Fact]
    public void A_log_stream_is_outside_the_limits_on_copies()
    {
        var plan = Plan(Node("a", flows: [Copy("a", "b", 0), Log("a", "b", 1)]), Node("b", ingress: 8_000_000));

        Assert.Equal([8_000_000, 0], plan.Grants.Select(grant => grant.LimitBytesPerSecond));
    }

    [Fact]
    public void An_idle_log_stream_leaves_the_link_to_the_copies_and_may_still_wake_up_at_its_reservation()
    {
        var idle = Log("a", "b", 1) with { BytesPerSecond = 100, HeldBy = FlowHold.Application };
        var plan = Plan(Node("a", capacity: 10_000_000, flows: [Copy("a", "b", 0), idle]), Node("b"));

        Assert.InRange(plan.Grants.First().BytesPerSecond, 8_900_000, 9_000_000);
        Assert.Equal(QosClass.Defaults[0].ReservationBytesPerSecond, plan.Grants.Last().BytesPerSecond);
    }

    [Fact]
    public void A_busy_log_stream_has_its_weight()
    {
        var plan = Plan(Node("a", capacity: 10_000_000, flows: [Copy("a", "b", 0), Log("a", "b", 1) with { HeldBy = FlowHold.Share }]), Node("b"));

        Assert.Equal([1_000_000, 8_000_000], plan.Grants.Select(grant => grant.BytesPerSecond));
    }

    [Fact]
    public void The_limits_of_class_and_sync_are_hard_and_the_smaller_counts()
    {
        policy = policy.WithClass(new QosClassTerms(QosClass.Background, 0, 3_000_000, 1)).WithSyncClass(new ReplicaKey(0, "b"), QosClass.Background).WithSyncLimit(new ReplicaKey(1, "b"), 2_000_000);
        var plan = Plan(Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1)]), Node("b", ingress: 20_000_000));

        Assert.Equal([(3_000_000, QosClass.Background, "limit of class background"), (2_000_000, QosClass.Normal, "limit of this sync")], plan.Grants.Select(grant => (grant.LimitBytesPerSecond, grant.Class, grant.Reason)));
    }

    [Fact]
    public void A_paused_copy_leaves_its_part_to_the_others_and_its_grant_says_until_when()
    {
        var until = Now + TimeSpan.FromHours(1);
        policy = policy.WithPause(new ReplicaKey(0, "b"), until, Now);
        var reports = new[] { Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1)]), Node("b", ingress: 8_000_000) };

        var paused = Plan(reports).Grants;
        Assert.Equal([(true, until), (false, null)], paused.Select(grant => (grant.IsPaused, grant.PausedUntil)));
        Assert.Equal(8_000_000, paused.Single(grant => !grant.IsPaused).LimitBytesPerSecond);
        Assert.All(Plan(until, reports).Grants, grant => Assert.Equal((false, 4_000_000), (grant.IsPaused, grant.LimitBytesPerSecond)));
    }

    [Fact]
    public void A_flow_that_a_link_holds_may_probe_a_quarter_above_its_share_and_the_rest_of_the_limit_goes_to_the_others()
    {
        var slow = Node("a", capacity: 2_000_000, source: CapacitySource.Estimated, flows: Copy("a", "b", 0));
        var plan = Plan(slow, Node("c", flows: Copy("c", "b", 1)), Node("b", ingress: 20_000_000));

        var held = plan.Find(Copy("a", "b", 0).Flow)!;
        Assert.Equal((1_800_000, 2_250_001), (held.BytesPerSecond, held.LimitBytesPerSecond));
        Assert.Equal(17_749_999, plan.Find(Copy("c", "b", 1).Flow)!.LimitBytesPerSecond);
    }

    [Fact]
    public void Several_interfaces_are_told_apart_by_the_flows_own_and_by_the_receivers_route()
    {
        LinkReport[] Two(long first, long second) => [Link(LinkDirection.Egress, first), Link(LinkDirection.Ingress, first), Link(LinkDirection.Egress, second) with { Interface = "eth1" }, Link(LinkDirection.Ingress, second) with { Interface = "eth1" }];
        var a = Node("a", flows: [Copy("a", "b", 0) with { Interface = "eth1" }]) with { Links = [.. Two(9_000_000, 1_000_000)] };
        var b = Node("b") with { Links = [.. Two(500_000, 8_000_000)], Routes = [new PeerRoute("a", "eth1")] };

        Assert.Equal(900_000, Assert.Single(Plan(a, b).Grants).BytesPerSecond);
        Assert.Equal(450_000, Assert.Single(Plan(a, b with { Routes = [new PeerRoute("a", "eth0")] }).Grants).BytesPerSecond);
        Assert.Equal(900_000, Assert.Single(Plan(a, b with { Routes = [] }).Grants).BytesPerSecond);
    }

    [Fact]
    public void Feasible_grants_of_a_zone_keep_to_every_limit_and_every_capacity()
    {
        var generator = from nodes in Gen.Choose(2, 6)
                        from figures in Gen.ArrayOf(Gen.Frequency((3, Gen.Choose(100_000, 100_000_000)), (1, Gen.Constant(0))), 3 * nodes)
                        from pairs in Gen.ArrayOf(Gen.Choose(0, nodes * nodes - 1), 20)
                        from classes in Gen.ArrayOf(Gen.Elements(QosClass.Urgent, QosClass.Normal, QosClass.Background), 20)
                        select (nodes, figures, pairs, classes);
        Prop.ForAll(generator.ToArbitrary(), input =>
        {
            var flows = input.pairs.Select((pair, shard) => Copy($"n{pair / input.nodes}", $"n{pair % input.nodes}", shard, input.classes[shard])).Where(flow => flow.Flow.Source != flow.Flow.Replica.Node).ToList();
            var reports = Enumerable.Range(0, input.nodes).Select(n => Node(
                $"n{n}", input.figures[3 * n], input.figures[3 * n + 1], input.figures[3 * n + 2], flows: [.. flows.Where(flow => flow.Flow.Source == $"n{n}")])).ToArray();
            var plan = Plan(reports);
            foreach (var report in reports)
            {
                var (sent, received) = (plan.Grants.Where(grant => grant.Flow.Source == report.Node).ToList(), plan.Grants.Where(grant => grant.Flow.Replica.Node == report.Node).ToList());
                Assert.True(report.EgressLimit == 0 || sent.Sum(grant => grant.LimitBytesPerSecond) <= report.EgressLimit);
                Assert.True(report.IngressLimit == 0 || received.Sum(grant => grant.LimitBytesPerSecond) <= report.IngressLimit);
                Assert.True(report.Links.IsEmpty || Math.Max(sent.Sum(grant => grant.BytesPerSecond), received.Sum(grant => grant.BytesPerSecond)) <= report.Links[0].CapacityBytesPerSecond * 9 / 10);
            }

            Assert.All(plan.Grants, grant => Assert.True(grant.LimitBytesPerSecond == 0 || grant.BytesPerSecond <= grant.LimitBytesPerSecond));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private GrantPlan Plan(params NodeBandwidthReport[] reports) => Plan(Now, reports);

    private GrantPlan Plan(DateTimeOffset now, params NodeBandwidthReport[] reports) => GrantPlan.Make(reports.ToDictionary(report => report.Node), policy, now);
}
