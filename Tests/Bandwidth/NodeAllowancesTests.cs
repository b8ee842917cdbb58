using FsCheck;
using FsCheck.Fluent;
using Sluice.Bandwidth;
using static Sluice.Tests.Bandwidth.Reports;

namespace Sluice.Tests.Bandwidth;

public sealed class NodeAllowancesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BandwidthPolicy NoPolicy = new();

    [Fact]
    public void A_copy_without_a_fresh_grant_has_its_floor_and_a_log_stream_only_its_controller()
    {
        var allowances = NodeAllowances.Of([Local(0), Local(1, kind: FlowKind.Log)], Node("a"), NoPolicy, Now);

        Assert.Equal([Floor, 0], allowances.Select(allowance => allowance.Pacing(0).BytesPerSecond));
        Assert.Equal([Floor, 7_000], allowances.Select(allowance => allowance.Pacing(7_000).BytesPerSecond));
    }

    [Fact]
    public void A_limit_that_was_set_just_now_holds_before_any_grant_knows_of_it()
    {
        var allowances = NodeAllowances.Of([Local(0, limit: 8_000_000), Local(1)], Node("a", egress: 100_000), NoPolicy, Now);

        Assert.True(allowances.Sum(allowance => allowance.Pacing(0).BytesPerSecond) <= 100_000);
        Assert.All(allowances, allowance => Assert.True(allowance.Pacing(0).BytesPerSecond >= Floor));
    }

    [Fact]
    public void Pauses_and_limits_of_the_policy_hold_without_the_broker_and_a_pause_that_ended_goes_on_at_the_floor()
    {
        var until = Now + TimeSpan.FromMinutes(1);
        var policy = NoPolicy.WithPause(new ReplicaKey(0, "b"), until, Now).WithSyncLimit(new ReplicaKey(1, "b"), 500);
        var flows = new[] { Local(0, share: 5_000_000, isPaused: true), Local(1, share: 5_000_000) };

        var during = NodeAllowances.Of(flows, Node("a"), policy, Now);
        Assert.Equal([true, false], during.Select(allowance => allowance.IsPaused));
        Assert.Equal(500, during[1].Pacing(0).BytesPerSecond);

        var after = NodeAllowances.Of(flows, Node("a"), policy, until);
        Assert.Equal((false, Floor), (after[0].IsPaused, after[0].Pacing(0).BytesPerSecond));
    }

    // Whatever two brokers granted, fresh or stale: what the node sends in all stays within its own link and limit.
    [Fact]
    public void Feasible_the_sum_is_clipped_to_the_nodes_own_link_and_limit_and_nobody_gains()
    {
        var generator = from count in Gen.Choose(1, 12)
                        from shares in Gen.ArrayOf(Gen.Choose(1, 2_000_000), count)
                        from limits in Gen.ArrayOf(Gen.Frequency((2, Gen.Choose(1, 2_000_000)), (1, Gen.Constant(0))), count)
                        from capacity in Gen.Choose(100, 5_000_000)
                        from egress in Gen.Frequency((1, Gen.Choose(100, 5_000_000)), (1, Gen.Constant(0)))
                        select (shares, limits, capacity, egress);
        Prop.ForAll(generator.ToArbitrary(), input =>
        {
            var flows = input.shares.Select((share, shard) => Local(shard, share, input.limits[shard])).ToList();
            var allowances = NodeAllowances.Of(flows, Node("a", egress: input.egress, capacity: input.capacity), NoPolicy, Now);

            Assert.True(allowances.Sum(allowance => allowance.Pacing(0).BytesPerSecond) <= input.capacity);
            Assert.True(input.egress == 0 || allowances.Sum(allowance => allowance.LimitBytesPerSecond) <= input.egress);
            for (var flow = 0; flow < flows.Count; flow++)
            {
                var granted = new FlowAllowance(flows[flow].Grant!.BytesPerSecond, flows[flow].Grant!.LimitBytesPerSecond, Floor, IsPaused: false).Pacing(0).BytesPerSecond;
                Assert.InRange(allowances[flow].Pacing(0).BytesPerSecond, 1, granted);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));
    }

    [Fact]
    public void What_fits_is_left_as_it_was_granted()
    {
        var allowances = NodeAllowances.Of([Local(0, share: 400_000, limit: 500_000), Local(1, share: 300_000)], Node("a", egress: 2_000_000, capacity: 1_000_000), NoPolicy, Now);

        Assert.Equal([400_000, 300_000], allowances.Select(allowance => allowance.ShareBytesPerSecond));
        Assert.Equal(500_000, allowances[0].LimitBytesPerSecond);
    }

    private static LocalFlow Local(int shard, long share = 0, long limit = 0, FlowKind kind = FlowKind.Snapshot, bool isPaused = false)
    {
        var id = new FlowId(kind, "a", new ReplicaKey(shard, "b"));
        return new LocalFlow(id, QosClass.Normal, "eth0", share == 0 && limit == 0 ? null : new FlowGrant(id, isPaused ? 0 : share, "") { LimitBytesPerSecond = limit, IsPaused = isPaused });
    }
}
