using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Policy;

public sealed class PolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReplicaKey Replica = new(3, "b");
    private static readonly FlowId Copy = new(FlowKind.Snapshot, "a", Replica);
    private readonly BandwidthPolicy policy = new();

    [Fact]
    public void A_class_keeps_its_defaults_until_it_is_changed_and_takes_them_back()
    {
        var terms = new QosClassTerms(QosClass.Urgent, 1_000, 2_000, 7);

        Assert.Equal(QosClass.Defaults[1], policy.TermsOf(QosClass.Urgent));
        Assert.Equal(terms, policy.WithClass(terms).TermsOf(QosClass.Urgent));
        Assert.Empty(policy.WithClass(terms).WithClass(QosClass.Defaults[1]).Classes);
        Assert.Equal(QosClass.Normal, policy.TermsOf("of a newer version").Name);
    }

    [Theory]
    [InlineData("bulk", 0, 0, 1, "There is no QoS class 'bulk'; there are log, urgent, normal, background.")]
    [InlineData("normal", -1, 0, 1, "The reservation of class 'normal' must be between 0 (none) and 1099511627776 bytes per second, not -1.")]
    [InlineData("normal", 0, 0, 0, "The weight of class 'normal' must be between 1 and 1000, not 0.")]
    [InlineData("normal", 9, 8, 1, "Class 'normal' cannot reserve 9 bytes per second and be limited to 8: the reservation must not be above the limit.")]
    public void Terms_that_make_no_sense_are_refused_and_the_range_is_named(string name, long reservation, long limit, int weight, string message) =>
        Assert.Equal(message, Assert.Throws<OrderRefusedException>(() => policy.WithClass(new QosClassTerms(name, reservation, limit, weight))).Message);

    [Fact]
    public void A_sync_may_have_a_class_and_a_limit_of_its_own_and_they_can_be_taken_back()
    {
        var changed = policy.WithSyncClass(Replica, QosClass.Background).WithSyncLimit(Replica, 500);

        Assert.Equal((QosClass.Background, 500), (changed.ClassOf(Copy, QosClass.Normal), changed.LimitOf(Copy, QosClass.Normal)));
        Assert.Equal(QosClass.Log, changed.ClassOf(Copy with { Kind = FlowKind.Log }, QosClass.Log));
        Assert.Equal(0, changed.LimitOf(Copy with { Kind = FlowKind.Log }, QosClass.Log));
        Assert.Empty(changed.WithSyncClass(Replica, "").WithSyncLimit(Replica, 0).Syncs);
    }

    [Fact]
    public void A_pause_ends_at_its_time_or_when_it_is_resumed_and_the_longer_one_counts()
    {
        var (soon, later) = (Now + TimeSpan.FromMinutes(1), Now + TimeSpan.FromHours(1));
        var both = policy.WithPauseOfAll(soon, Now).WithPause(Replica, later, Now);

        Assert.Equal(new SyncPause(true, later), both.PauseOf(Replica, Now));
        Assert.Equal(new SyncPause(true, soon), both.PauseOf(new ReplicaKey(0, "c"), Now));
        Assert.Equal(default, both.PauseOf(new ReplicaKey(0, "c"), soon));
        Assert.Equal(new SyncPause(true, soon), both.WithResumed(Replica).PauseOf(Replica, Now));
        Assert.Equal(default, both.WithAllResumed().WithResumed(Replica).PauseOf(Replica, Now));
        Assert.Equal(new SyncPause(true, null), both.WithPauseOfAll(null, Now).PauseOf(Replica, Now));
        Assert.Empty(both.Swept(later).Syncs);
        Assert.False(both.Swept(later).IsPaused);
    }

    [Fact]
    public void A_pause_until_a_time_that_has_passed_is_refused()
    {
        Assert.Throws<OrderRefusedException>(() => policy.WithPause(Replica, Now, Now));
        Assert.Throws<OrderRefusedException>(() => policy.WithPauseOfAll(Now - TimeSpan.FromSeconds(1), Now));
    }
}
