using FsCheck;
using FsCheck.Fluent;
using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth;

public sealed class EqualShareAllocatorTests
{
    private const long Floor = 1_000;

    [Fact]
    public void A_receivers_limit_is_divided_equally_among_the_copies_that_it_receives()
    {
        var grants = EqualShareAllocator.Allocate([Node("a", flows: [Copy("a", "b", 0), Copy("a", "b", 1)]), Node("b", ingress: 20_000_000)], Floor);

        Assert.All(grants, grant => Assert.Equal(10_000_000, grant.LimitBytesPerSecond));
        Assert.All(grants, grant => Assert.Equal("throttle-bytes-per-second of b", grant.Reason));
    }

    [Fact]
    public void The_tighter_end_decides_and_is_named()
    {
        var grants = EqualShareAllocator.Allocate([Node("a", egress: 5_000_000, flows: [Copy("a", "b", 0)]), Node("b", ingress: 20_000_000)], Floor);

        Assert.Equal(5_000_000, Assert.Single(grants).LimitBytesPerSecond);
        Assert.Equal("sync-egress-bytes-per-second of a", grants[0].Reason);
    }

    [Fact]
    public void Without_any_limit_a_copy_has_none() =>
        Assert.Equal(0, Assert.Single(EqualShareAllocator.Allocate([Node("a", flows: [Copy("a", "b", 0)]), Node("b")], Floor)).LimitBytesPerSecond);

    [Fact]
    public void A_copy_whose_receiver_has_not_reported_gets_its_floor() =>
        Assert.Equal(Floor, Assert.Single(EqualShareAllocator.Allocate([Node("a", flows: [Copy("a", "b", 0)])], Floor)).LimitBytesPerSecond);

    [Fact]
    public void A_log_stream_takes_nothing_from_the_copies()
    {
        var log = new FlowReport { Flow = new FlowId(FlowKind.Log, "a", new ReplicaKey(1, "b")) };
        var grants = EqualShareAllocator.Allocate([Node("a", flows: [Copy("a", "b", 0), log]), Node("b", ingress: 8_000_000)], Floor);

        Assert.Equal(8_000_000, grants.Single(grant => grant.Flow.Kind == FlowKind.Snapshot).LimitBytesPerSecond);
        Assert.Equal(0, grants.Single(grant => grant.Flow.Kind == FlowKind.Log).LimitBytesPerSecond);
    }

    [Fact]
    public void Feasible_the_grants_of_a_limited_node_sum_to_at_most_its_limit()
    {
        var generator = from nodes in Gen.Choose(2, 6)
                        from limits in Gen.ArrayOf(Gen.Choose(100_000, 100_000_000), 2 * nodes)
                        from pairs in Gen.ArrayOf(Gen.Choose(0, nodes * nodes - 1), 20)
                        select (nodes, limits, pairs);
        Prop.ForAll(generator.ToArbitrary(), input =>
        {
            var flows = input.pairs.Select((pair, shard) => (From: pair / input.nodes, To: pair % input.nodes, shard)).Where(f => f.From != f.To).ToList();
            var reports = Enumerable.Range(0, input.nodes).Select(n => Node(
                $"n{n}", input.limits[2 * n], input.limits[2 * n + 1], [.. flows.Where(f => f.From == n).Select(f => Copy($"n{f.From}", $"n{f.To}", f.shard))])).ToList();
            var grants = EqualShareAllocator.Allocate(reports, 1);
            foreach (var report in reports)
            {
                Assert.True(grants.Where(g => g.Flow.Source == report.Node).Sum(g => g.LimitBytesPerSecond) <= report.EgressLimit);
                Assert.True(grants.Where(g => g.Flow.Replica.Node == report.Node).Sum(g => g.LimitBytesPerSecond) <= report.IngressLimit);
            }

            Assert.All(grants, grant => Assert.True(grant.LimitBytesPerSecond > 0));
        }).QuickCheckThrowOnFailure();
    }

    private static NodeBandwidthReport Node(string name, long ingress = 0, long egress = 0, FlowReport[]? flows = null) =>
        new() { Node = name, IngressLimit = ingress, EgressLimit = egress, MaxConcurrentSyncs = 4, Flows = [.. flows ?? []] };

    private static FlowReport Copy(string from, string to, int shard) => new() { Flow = new FlowId(FlowKind.Snapshot, from, new ReplicaKey(shard, to)), Class = QosClass.Normal };
}
