using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

/// <summary>The broker finds out which link is degraded, from all nodes' flows together.</summary>
public sealed class LinkEstimatesTests
{
    private const long Gigabit = 125_000_000;
    private const long HundredMegabit = 12_500_000;

    [Theory]
    [InlineData(LinkDirection.Egress)]
    [InlineData(LinkDirection.Ingress)]
    public void A_link_that_falls_to_a_tenth_is_found_within_two_seconds_and_the_others_keep_their_capacity(LinkDirection direction)
    {
        var cluster = new ClusterUnderTest(Gigabit, "a", "b", "c");
        cluster.Copy("a", "b", 0);
        cluster.Copy("a", "c", 1);
        cluster.Copy("b", "c", 2);
        cluster.Copy("c", "b", 3);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.Empty(cluster.Changes);
        var fallen = direction == LinkDirection.Egress ? ClusterUnderTest.Egress("a") : ClusterUnderTest.Ingress("c");
        cluster.Shape(fallen, HundredMegabit);

        var took = cluster.Run(TimeSpan.FromSeconds(10), () => cluster.Known(fallen).CapacitySource == CapacitySource.Estimated);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(cluster.Known(fallen).CapacityBytesPerSecond, HundredMegabit * 95 / 100, HundredMegabit * 105 / 100);
        cluster.Run(TimeSpan.FromSeconds(10));

        var change = Assert.Single(cluster.Changes);
        Assert.Equal((AlertKind.LinkDegraded, fallen.ToString(), true, Gigabit), (change.Alert.Kind, change.Alert.Subject, change.IsRaised, change.Alert.FromBytesPerSecond));
        Assert.Equal(change.Alert.Subject, Assert.Single(cluster.Broker.Status(cluster.Now).Alerts).Subject);
        foreach (var other in new[] { "a", "b", "c" }.SelectMany(node => new[] { ClusterUnderTest.Egress(node), ClusterUnderTest.Ingress(node) }).Where(link => link != fallen))
        {
            Assert.Equal(CapacitySource.Interface, cluster.Known(other).CapacitySource);
        }
    }

    [Fact]
    public void A_link_that_is_well_again_is_found_and_the_alert_is_cleared()
    {
        var cluster = new ClusterUnderTest(Gigabit, "a", "b", "c");
        cluster.Copy("a", "b", 0);
        cluster.Copy("a", "c", 1);
        cluster.Shape(ClusterUnderTest.Egress("a"), HundredMegabit);
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.Single(cluster.Changes);
        cluster.Shape(ClusterUnderTest.Egress("a"), Gigabit);

        var took = cluster.Run(TimeSpan.FromSeconds(30), () => cluster.Known(ClusterUnderTest.Egress("a")).CapacitySource == CapacitySource.Interface);
        cluster.Run(TimeSpan.FromSeconds(15));

        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(9));
        Assert.Equal([true, false], cluster.Changes.Select(change => change.IsRaised));
    }

    [Fact]
    public void Between_two_nodes_one_alert_names_both_links()
    {
        var cluster = new ClusterUnderTest(Gigabit, "a", "b");
        cluster.Copy("a", "b", 0);
        cluster.Copy("a", "b", 1);
        cluster.Shape(ClusterUnderTest.Ingress("b"), HundredMegabit);
        cluster.Run(TimeSpan.FromSeconds(20));

        var alert = Assert.Single(cluster.Changes).Alert;
        Assert.Equal("a eth0 egress", alert.Subject);
        Assert.Contains("(or b eth0 ingress: at present the same flows cross both)", alert.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_flow_that_crosses_only_one_of_two_links_tells_which_it_is()
    {
        var cluster = new ClusterUnderTest(Gigabit, "a", "b", "c");
        cluster.Copy("a", "b", 0);
        cluster.Shape(ClusterUnderTest.Ingress("b"), HundredMegabit);
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Copy("a", "c", 1);
        cluster.Run(TimeSpan.FromSeconds(20));

        Assert.Equal(CapacitySource.Interface, cluster.Known(ClusterUnderTest.Egress("a")).CapacitySource);
        Assert.Equal(CapacitySource.Estimated, cluster.Known(ClusterUnderTest.Ingress("b")).CapacitySource);
    }

    [Fact]
    public void In_random_clusters_every_degraded_link_that_holds_a_flow_is_found_and_no_other_is_told()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var nodes = Enumerable.Range(0, random.Next(3, 7)).Select(n => $"n{n}").ToArray();
            var cluster = new ClusterUnderTest(Gigabit, nodes);

            // Everybody copies to everybody: then each link can be told apart.
            for (var shard = 0; shard < nodes.Length * nodes.Length; shard++)
            {
                if (shard / nodes.Length != shard % nodes.Length)
                {
                    cluster.Copy(nodes[shard / nodes.Length], nodes[shard % nodes.Length], shard);
                }
            }

            var fallen = random.Next(2) == 0 ? ClusterUnderTest.Egress(nodes[random.Next(nodes.Length)]) : ClusterUnderTest.Ingress(nodes[random.Next(nodes.Length)]);
            cluster.Run(TimeSpan.FromSeconds(random.Next(2, 6)));
            cluster.Shape(fallen, Gigabit * (0.05 + 0.5 * random.NextDouble()));
            cluster.Run(TimeSpan.FromSeconds(10));

            Assert.True(cluster.Changes.Count == 1 && cluster.Changes[0].Alert.Subject == fallen.ToString(), $"seed {seed}: {fallen} fell, told was {string.Join("; ", cluster.Changes)}");
        }
    }

    [Theory]
    [InlineData(FlowHold.Delay, true, 10, FlowVerdict.Limited)]
    [InlineData(FlowHold.Delay, false, 1, FlowVerdict.Silent)]
    [InlineData(FlowHold.StartUp, true, 10, FlowVerdict.Limited)]
    [InlineData(FlowHold.StartUp, false, 0, FlowVerdict.Silent)]
    [InlineData(FlowHold.Share, false, 0, FlowVerdict.HeldByShare)]
    [InlineData(FlowHold.Share, false, 10, FlowVerdict.Silent)]
    [InlineData(FlowHold.Limit, false, 0, FlowVerdict.Free)]
    [InlineData(FlowHold.Floor, false, 0, FlowVerdict.Free)]
    [InlineData(FlowHold.Application, false, 0, FlowVerdict.Silent)]
    [InlineData(FlowHold.Application, true, 0, FlowVerdict.Silent)]
    [InlineData(FlowHold.Paused, false, 0, FlowVerdict.Silent)]
    public void Only_what_holds_a_flow_decides_what_it_says(FlowHold heldBy, bool isNetworkLimited, int queueMilliseconds, FlowVerdict expected)
    {
        var flow = new FlowReport
        {
            Flow = new FlowId(FlowKind.Snapshot, "a", new ReplicaKey(0, "b")),
            BytesPerSecond = 1_000,
            HeldBy = heldBy,
            IsNetworkLimited = isNetworkLimited,
            QueueDelay = TimeSpan.FromMilliseconds(queueMilliseconds),
        };

        Assert.Equal(expected, LinkEstimates.VerdictOf(flow));
        Assert.Equal(FlowVerdict.Silent, LinkEstimates.VerdictOf(flow with { BytesPerSecond = 0 }));
    }

    [Fact]
    public void Nothing_is_estimated_of_the_loopback()
    {
        var estimates = new LinkEstimates();
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var step = 0; step < 20; step++)
        {
            now += TimeSpan.FromMilliseconds(250);
            var flow = new FlowReport { Flow = new FlowId(FlowKind.Snapshot, "a", new ReplicaKey(0, "a")), BytesPerSecond = 1_000_000, HeldBy = FlowHold.Delay, Interface = "lo" };
            estimates.Observe([new NodeBandwidthReport { Node = "a", Flows = [flow], Links = [new LinkReport { Interface = "lo", IsLoopback = true, CarriedBytesPerSecond = 1_000_000 }] }], now);
        }

        Assert.Equal(0, estimates.Find(new LinkKey("a", "lo", LinkDirection.Egress)).Capacity.BytesPerSecond);
    }
}
