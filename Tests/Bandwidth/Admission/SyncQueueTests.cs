using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Admission;

public sealed class SyncQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SyncQueue queue = new();
    private readonly Dictionary<int, int> followers = [];
    private readonly HashSet<int> paused = [];
    private int places = 2;
    private DateTimeOffset now = Start;

    [Fact]
    public void Copies_beyond_the_limit_wait_and_are_told_their_place_and_why()
    {
        Assert.True(Ask(0).Admitted);
        Assert.True(Ask(1).Admitted);

        var third = Ask(2);
        var fourth = Ask(3);

        Assert.Equal((false, 1), (third.Admitted, third.QueuePosition));
        Assert.Equal((false, 2), (fourth.Admitted, fourth.QueuePosition));
        Assert.Equal("ingress of b takes 2 full copies at once (max-concurrent-syncs) and 2 are under way or ahead", third.Reason);
        Assert.True(third.AskAfter > TimeSpan.Zero);
    }

    [Fact]
    public void When_a_copy_ends_the_first_in_the_queue_is_next_even_if_another_asks_before_it()
    {
        places = 1;
        Ask(0);
        Ask(1);
        Ask(2);

        queue.Finished(Replica(0));

        Assert.False(Ask(2).Admitted);
        Assert.True(Ask(1).Admitted);
    }

    [Fact]
    public void The_class_goes_before_the_number_of_live_replicas_and_that_before_the_size_and_that_before_the_arrival()
    {
        places = 1;
        followers[4] = 1;
        followers[5] = 1;
        Ask(0);
        Ask(1, QosClass.Background);
        Ask(4, bytes: 10);
        Ask(5, bytes: 10);
        Ask(2);
        Ask(3, bytes: 100);
        Ask(6, bytes: 50);
        Ask(7, QosClass.Urgent, bytes: 1000);

        Assert.Equal([7, 6, 3, 2, 4, 5, 1], queue.Waiting(Standing, [], now).Select(sync => sync.Replica.Shard));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], queue.Waiting(Standing, [], now).Select(sync => sync.Place));
    }

    [Fact]
    public void A_copy_in_progress_is_displaced_neither_by_newcomers_nor_when_the_limit_falls()
    {
        Ask(0, QosClass.Background);
        Ask(1, QosClass.Background);
        places = 1;

        Assert.False(Ask(2, QosClass.Urgent).Admitted);
        Assert.True(Ask(0, QosClass.Background).Admitted);
        Assert.True(Ask(1, QosClass.Background).Admitted);
    }

    [Fact]
    public void An_admission_that_is_not_renewed_lapses()
    {
        places = 1;
        Ask(0);
        now = Start + SyncQueue.Lapse;
        Assert.False(Ask(1).Admitted);

        now += TimeSpan.FromTicks(1);
        Assert.True(Ask(1).Admitted);
    }

    [Fact]
    public void Both_ends_count_and_who_finds_room_on_both_goes_before_who_does_not()
    {
        places = 1;
        Assert.True(Ask(0, from: "a", to: "b").Admitted);

        // It stands ahead, but b is taken; c and d are not.
        Assert.False(Ask(1, QosClass.Urgent, from: "c", to: "b").Admitted);
        Assert.True(Ask(2, QosClass.Background, from: "c", to: "d").Admitted);
        var egress = Ask(3, from: "a", to: "e");

        Assert.False(egress.Admitted);
        Assert.StartsWith("egress of a takes 1", egress.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_has_waited_long_enough_is_overtaken_no_more()
    {
        places = 1;
        Ask(0, from: "a", to: "b");
        Ask(1, from: "c", to: "b");
        for (; now - Start <= SyncQueue.Patience; now += TimeSpan.FromSeconds(5))
        {
            Ask(0, from: "a", to: "b");
            Ask(1, from: "c", to: "b");
        }

        // The place on c is kept for it.
        Assert.False(Ask(2, from: "c", to: "d").Admitted);
        queue.Finished(Replica(0, "b"));
        Assert.True(Ask(1, from: "c", to: "b").Admitted);
    }

    [Fact]
    public void A_paused_copy_takes_no_place_and_is_not_admitted_but_goes_on_when_it_was()
    {
        places = 1;
        Ask(0);
        paused.Add(0);
        Assert.True(Ask(1).Admitted);
        paused.Clear();
        Assert.True(Ask(0).Admitted);

        paused.Add(2);
        queue.Finished(Replica(0));
        queue.Finished(Replica(1));
        var told = Ask(2);
        Assert.Equal((false, "paused until it is resumed"), (told.Admitted, told.Reason));
        Assert.True(Ask(3).Admitted);
    }

    [Fact]
    public void A_copy_that_an_earlier_broker_admitted_counts_by_its_flow_and_goes_on_when_it_asks()
    {
        places = 1;
        Assert.False(queue.Ask(Request(1), Standing, [Request(0)], now).Admitted);
        Assert.True(queue.Ask(Request(0) with { IsUnderWay = true }, Standing, [Request(0)], now).Admitted);
        Assert.False(Ask(1).Admitted);
    }

    private SyncAdmission Ask(int shard, string qosClass = QosClass.Normal, long bytes = -1, string from = "a", string to = "b") =>
        queue.Ask(Request(shard, qosClass, bytes, from, to), Standing, [], now);

    private static SyncRequest Request(int shard, string qosClass = QosClass.Normal, long bytes = -1, string from = "a", string to = "b") =>
        new(Replica(shard, to), from, qosClass) { RemainingBytes = bytes };

    private static ReplicaKey Replica(int shard, string node = "b") => new(shard, node);

    private SyncStanding Standing(SyncRequest sync) => new(
        sync.Class,
        PolicyReading.RankOf(sync.Class),
        followers.GetValueOrDefault(sync.Replica.Shard),
        new SyncPause(paused.Contains(sync.Replica.Shard), null),
        new LinkPlaces($"egress of {sync.Source}", places),
        new LinkPlaces($"ingress of {sync.Replica.Node}", places));
}
