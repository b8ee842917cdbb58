using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Alerts;

public sealed class AlertRulesTests
{
    private const long Gigabit = 125_000_000;
    private const long HundredMegabit = 12_500_000;
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_link_that_gives_less_than_it_should_is_told_with_both_figures()
    {
        var condition = Assert.Single(AlertRules.Links([Node("a", Link(LinkDirection.Egress, HundredMegabit, Gigabit))], _ => null));

        Assert.Equal((AlertKind.LinkDegraded, "a eth0 egress", Gigabit, HundredMegabit), (condition.Kind, condition.Subject, condition.FromBytesPerSecond, condition.ToBytesPerSecond));
        Assert.Contains("should give 1 Gb/s and its flows are held at 100 Mb/s: look at cable", condition.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_links_that_cannot_be_told_apart_one_speaks_for_both()
    {
        var conditions = AlertRules.Links(
            [Node("a", Link(LinkDirection.Egress, HundredMegabit, Gigabit)), Node("b", Link(LinkDirection.Ingress, HundredMegabit, Gigabit))],
            key => key.Node == "a" ? new LinkKey("b", "eth0", LinkDirection.Ingress) : new LinkKey("a", "eth0", LinkDirection.Egress));

        var condition = Assert.Single(conditions);
        Assert.Equal("a eth0 egress", condition.Subject);
        Assert.Contains("or b eth0 ingress", condition.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_whose_flows_go_to_one_that_never_had_more_is_not_degraded() => Assert.Empty(AlertRules.Links(
        [Node("a", Link(LinkDirection.Egress, Gigabit, 10 * Gigabit)), Node("b", Link(LinkDirection.Ingress, Gigabit, Gigabit))],
        key => key.Node == "a" ? new LinkKey("b", "eth0", LinkDirection.Ingress) : new LinkKey("a", "eth0", LinkDirection.Egress)));

    [Fact]
    public void A_full_link_is_told_and_one_with_room_is_not()
    {
        Assert.Empty(AlertRules.Links([Node("a", Link(LinkDirection.Egress, Gigabit, Gigabit) with { CarriedBytesPerSecond = Gigabit * 9 / 10 })], _ => null));
        Assert.Empty(AlertRules.Links([Node("a", Link(LinkDirection.Egress, 0, 0) with { CarriedBytesPerSecond = Gigabit })], _ => null));
        var condition = Assert.Single(AlertRules.Links([Node("a", Link(LinkDirection.Egress, Gigabit, Gigabit) with { CarriedBytesPerSecond = Gigabit * 97 / 100, ForegroundBytesPerSecond = Gigabit / 2 })], _ => null));

        Assert.Equal(AlertKind.LinkSaturated, condition.Kind);
        Assert.Contains("a eth0 egress carries 970 Mb/s of 1 Gb/s, 500 Mb/s of it foreground", condition.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NodeBandwidthReport.AutoHeadroom, 0.1, false)]
    [InlineData(NodeBandwidthReport.AutoHeadroom, 0.6, true)]
    [InlineData(20, 0.1, true)]
    [InlineData(0, 0.1, false)]
    public void Copies_that_fill_a_link_of_which_they_are_to_leave_nothing_are_no_news(int headroom, double foreground, bool expected)
    {
        var link = Link(LinkDirection.Egress, HundredMegabit, HundredMegabit) with
        {
            CapacitySource = CapacitySource.Estimated, CarriedBytesPerSecond = HundredMegabit, ForegroundBytesPerSecond = (long)(foreground * HundredMegabit),
        };

        Assert.Equal(expected, AlertRules.Links([Node("a", link) with { HeadroomPercent = headroom }], _ => null).Any());
    }

    [Fact]
    public void A_copy_of_which_nothing_arrives_is_told_unless_it_is_paused_or_does_something_else()
    {
        var silent = new SyncProgress { Replica = new ReplicaKey(3, "b"), Source = "a", State = SyncState.Copying, LastDataAt = Now.AddSeconds(-5), LastError = "The connection stalled." };

        var condition = Assert.Single(AlertRules.Stalls([silent], _ => false, Now));
        Assert.Equal((AlertKind.SyncStalled, "3@b"), (condition.Kind, condition.Subject));
        Assert.Contains("from a (The connection stalled)", condition.Text, StringComparison.Ordinal);
        Assert.Empty(AlertRules.Stalls([silent], _ => true, Now));
        Assert.Empty(AlertRules.Stalls([silent with { State = SyncState.Verifying }, silent with { LastDataAt = Now.AddSeconds(-1) }], _ => false, Now));
    }

    [Fact]
    public void A_copy_that_waits_is_told_with_the_reason()
    {
        var condition = Assert.Single(AlertRules.Queue([new QueuedSync(new ReplicaKey(3, "b"), "a", QosClass.Normal, 1, "two copies cross a's eth0", Now)]));

        Assert.Equal((AlertKind.SyncQueued, "3@b"), (condition.Kind, condition.Subject));
        Assert.Contains("at place 1: two copies cross a's eth0; raise max-concurrent-syncs", condition.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2_000_000, 1_000_000, 1_000_000, true, true)]
    [InlineData(2_000_000, 1_000_000, 0, true, true)]
    [InlineData(2_000_000, 1_000_000, 5_000_000, true, false)]
    [InlineData(1_000_000, 1_000_000, 1_000_000, true, false)]
    [InlineData(2_000_000, 1_000_000, 1_000_000, false, false)]
    [InlineData(0, 0, 0, true, false)]
    public void A_shard_that_is_written_faster_than_its_flow_may_send_is_told(long written, long sent, long share, bool backlog, bool expected)
    {
        var flow = new FlowId(FlowKind.Log, "a", new ReplicaKey(3, "b"));

        var conditions = AlertRules.Convergence([new FlowPressure(flow, written, sent, share, backlog)]).ToList();

        Assert.Equal(expected, conditions.Count == 1);
        if (expected)
        {
            Assert.Equal((AlertKind.CannotConverge, "log a -> 3@b", written, 1_000_000), (conditions[0].Kind, conditions[0].Subject, conditions[0].FromBytesPerSecond, conditions[0].ToBytesPerSecond));
            Assert.Contains("Shard 3 is written at 16 Mb/s and its flow to b gets 8 Mb/s", conditions[0].Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Hung_followers_are_told_by_the_name_of_their_replica_and_the_others_are_not()
    {
        var well = new FollowerStatus("c", 90, DateTimeOffset.UnixEpoch) { LagSequences = 10 };
        var condition = Assert.Single(AlertRules.Hung([(new ReplicaKey(3, "a"), well), (new ReplicaKey(3, "a"), well with { Node = "b", IsHung = true })]));

        Assert.Equal((AlertKind.FollowerHung, "3@b"), (condition.Kind, condition.Subject));
        Assert.Contains("beyond sequence 90", condition.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Expired_grants_are_told_with_what_is_left()
    {
        var condition = AlertRules.Expired("b", 3, 30_000_000, 65_536);

        Assert.Equal((AlertKind.GrantExpired, "b", 30_000_000, 196_608), (condition.Kind, condition.Subject, condition.FromBytesPerSecond, condition.ToBytesPerSecond));
    }

    private static NodeBandwidthReport Node(string name, LinkReport link) => new() { Node = name, Links = [link] };

    private static LinkReport Link(LinkDirection direction, long capacity, long normal) => new()
    {
        Interface = "eth0",
        Direction = direction,
        CapacityBytesPerSecond = capacity,
        CapacitySource = capacity < normal ? CapacitySource.Estimated : CapacitySource.Interface,
        NormalBytesPerSecond = normal,
    };
}
