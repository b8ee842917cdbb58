using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth;

public sealed class SyncQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Copies_beyond_the_limit_wait_in_the_order_in_which_they_came_and_are_told_why()
    {
        var queue = new SyncQueue();
        Assert.True(queue.Ask(Replica(0), 2, Start).Admitted);
        Assert.True(queue.Ask(Replica(1), 2, Start).Admitted);

        var third = queue.Ask(Replica(2), 2, Start);
        var fourth = queue.Ask(Replica(3), 2, Start);

        Assert.Equal((false, 1), (third.Admitted, third.QueuePosition));
        Assert.Equal((false, 2), (fourth.Admitted, fourth.QueuePosition));
        Assert.Contains("max-rsync-parallel-num", third.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void When_a_copy_ends_the_first_in_the_queue_is_next_even_if_another_asks_before_it()
    {
        var queue = new SyncQueue();
        queue.Ask(Replica(0), 1, Start);
        queue.Ask(Replica(1), 1, Start);
        queue.Ask(Replica(2), 1, Start);

        queue.Finished(Replica(0));

        Assert.False(queue.Ask(Replica(2), 1, Start).Admitted);
        Assert.True(queue.Ask(Replica(1), 1, Start).Admitted);
    }

    [Fact]
    public void A_copy_in_progress_is_not_displaced_when_the_limit_falls()
    {
        var queue = new SyncQueue();
        queue.Ask(Replica(0), 2, Start);
        queue.Ask(Replica(1), 2, Start);

        Assert.True(queue.Ask(Replica(0), 1, Start).Admitted);
        Assert.True(queue.Ask(Replica(1), 1, Start).Admitted);
    }

    [Fact]
    public void An_admission_that_is_not_renewed_lapses()
    {
        var queue = new SyncQueue();
        queue.Ask(Replica(0), 1, Start);

        Assert.False(queue.Ask(Replica(1), 1, Start + SyncQueue.Lapse).Admitted);
        Assert.True(queue.Ask(Replica(1), 1, Start + SyncQueue.Lapse + TimeSpan.FromTicks(1)).Admitted);
    }

    [Fact]
    public void Nodes_do_not_wait_for_each_other()
    {
        var queue = new SyncQueue();
        queue.Ask(new ReplicaKey(0, "b"), 1, Start);

        Assert.True(queue.Ask(new ReplicaKey(0, "c"), 1, Start).Admitted);
    }

    private static ReplicaKey Replica(int shard) => new(shard, "b");
}
