using Sluice.Bandwidth;
using static Sluice.Tests.Bandwidth.Reports;

namespace Sluice.Tests.Bandwidth.Allocation;

public sealed class HeadroomTests
{
    [Theory]
    [InlineData(NodeBandwidthReport.AutoHeadroom, 10, false, 10)]
    [InlineData(0, 10, false, 10)]
    [InlineData(20, 10, false, 3)]
    [InlineData(20, 2, false, 2)]
    [InlineData(20, 10, true, 10)]
    public void Who_orders_headroom_gets_empty_queues_before_a_capacity_is_known(int setting, int target, bool isKnown, int expected) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expected), Sluice.Bandwidth.Headroom.TargetQueueDelay(setting, TimeSpan.FromMilliseconds(target), isKnown));

    [Fact]
    public void A_probe_begins_a_tenth_above_what_the_estimate_leaves()
    {
        var node = Node("a", capacity: 1_000_000, source: CapacitySource.Estimated, foreground: 100_000, flows: [Copy("a", "b", 0), Copy("a", "b", 1)]) with { HeadroomPercent = 20 };
        var grants = Plan(node);

        // 350,000 for each, 200,000 left of the link, and 100,000 more.
        Assert.All(grants, grant => Assert.Equal((350_000, 650_000), (grant.BytesPerSecond, grant.ProbeBytesPerSecond)));
        Assert.All(Plan(node with { Links = [Link(LinkDirection.Egress, 1_000_000)] }), grant => Assert.Equal(0, grant.ProbeBytesPerSecond));
    }

    private static IReadOnlyCollection<FlowGrant> Plan(NodeBandwidthReport node) => GrantPlan.Make(
        new Dictionary<string, NodeBandwidthReport> { ["a"] = node, ["b"] = Node("b") }, new BandwidthPolicy(), new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).Grants;
}
