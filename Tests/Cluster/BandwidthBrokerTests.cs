namespace Sluice.Tests.Cluster;

/// <summary>The broker among whole nodes: admission, shares, limits and pauses as copies feel them.</summary>
public sealed class BandwidthBrokerTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Copies_begin_two_at_a_time_in_the_order_of_their_class_and_all_end()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 4);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, 400);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 100kb max-concurrent-syncs 1");
        await Broker(nodes).SetSyncClass(new ReplicaKey(3, "b"), QosClass.Urgent);
        await Broker(nodes).SetSyncClass(new ReplicaKey(0, "b"), QosClass.Background);
        await Broker(nodes).SetSyncClass(new ReplicaKey(1, "b"), QosClass.Background);

        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");

        var status = await Eventually.GetAsync("one copy under way and three in the queue", Bound, async () =>
            await Broker(nodes).GetStatus() is { Admitted.Length: 1, Queue.Length: 3 } found ? found : null);
        var order = status.Queue.Select(sync => sync.Replica.Shard).ToList();
        Assert.Equal(order.OrderBy(shard => shard switch { 3 => 0, 2 => 1, _ => 2 }), order);
        Assert.Equal([1, 2, 3], status.Queue.Select(sync => sync.Place));
        Assert.All(status.Queue, sync => Assert.Contains("of b takes 1 full copies at once (max-concurrent-syncs)", sync.Reason, StringComparison.Ordinal));
        var waiting = await Sync(nodes, order[0]).GetProgress();
        Assert.Equal(SyncState.Pending, waiting.State);
        Assert.StartsWith("place 1 in the queue", waiting.Detail, StringComparison.Ordinal);

        await b.SendAsync("CONFIG SET throttle-bytes-per-second 0 max-concurrent-syncs 2");
        await nodes.LiveAsync(1, Bound);
        Assert.Empty((await Broker(nodes).GetStatus()).Admitted);
    }

    [Fact]
    public async Task A_sync_that_gets_another_class_or_limit_while_it_runs_is_paced_by_it()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, 600);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 1000000");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await PacedAsync(nodes, 500_000, 500_000);

        await Broker(nodes).SetSyncClass(new ReplicaKey(0, "b"), QosClass.Urgent);
        await PacedAsync(nodes, 800_000, 200_000);
        await Broker(nodes).SetSyncLimit(new ReplicaKey(0, "b"), 300_000);
        await PacedAsync(nodes, 300_000, 700_000);
        await Broker(nodes).SetClass(new QosClassTerms(QosClass.Normal, 0, 250_000, 4));
        await PacedAsync(nodes, 300_000, 250_000);

        var progress = await Sync(nodes, 0).GetProgress();
        Assert.Equal(QosClass.Urgent, progress.Class);
    }

    [Fact]
    public async Task A_paused_copy_stands_still_without_counting_as_stalled_and_goes_on_where_it_was()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, 300);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 1mb");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await Eventually.IsTrueAsync("a copy under way", Bound, async () => await Sync(nodes, 0).GetProgress() is { State: SyncState.Copying, ReceivedBytes: > 1_000_000 });

        await Broker(nodes).PauseAll(null);

        // Longer than any connection of this test may be silent: it stays open by its heartbeats alone.
        var still = await Eventually.GetAsync("nothing has arrived for eight seconds", Bound, async () =>
            await Sync(nodes, 0).GetProgress() is { State: SyncState.Copying } progress && TimeProvider.System.GetUtcNow() - progress.LastDataAt > TimeSpan.FromSeconds(8) ? progress : null);
        Assert.Equal((1, "", "paused until it is resumed"), (still.Attempt, still.LastError, still.Detail));
        Assert.True(still.ReceivedBytes < still.TotalBytes);

        await Broker(nodes).ResumeAll();
        await nodes.LiveAsync(1, Bound);
        var done = await Sync(nodes, 0).GetProgress();
        Assert.Equal((1L, ""), (done.FullCopies, done.LastError));
        Assert.True(done.WireBytes < 1.1 * done.TotalBytes, $"{done.WireBytes} bytes on the wire for {done.TotalBytes}");
    }

    [Fact]
    public async Task Policy_and_pauses_survive_a_restart_of_all_nodes_and_a_pause_ends_at_its_time()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using (var a = await nodes.ConnectAsync(0))
        {
            await WriteAsync(a, 10);
        }

        var terms = new QosClassTerms(QosClass.Background, 1_000, 2_000_000, 3);
        await Broker(nodes).SetClass(terms);
        await Broker(nodes).Pause(new ReplicaKey(0, "b"), null);
        await nodes.StopNodeAsync(1);
        await nodes.StopNodeAsync(0);
        await nodes.StartNodeAsync(0);
        await nodes.StartNodeAsync(1);

        await using var b = await nodes.ConnectAsync(1);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await Eventually.IsTrueAsync("the copy waits for its pause to end", Bound, async () => (await Sync(nodes, 0).GetProgress()).Detail.Contains("paused until it is resumed", StringComparison.Ordinal));
        var policy = await Broker(nodes).GetPolicy();
        Assert.Equal((2, terms), (policy.Version, Assert.Single(policy.Classes)));

        await Broker(nodes).Pause(new ReplicaKey(0, "b"), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2));
        await nodes.LiveAsync(1, Bound);
    }

    [Fact]
    public async Task Copies_go_on_and_keep_to_the_limits_when_the_node_of_the_broker_stops()
    {
        await using var nodes = await NodesUnderTest.StartAsync(3, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, 300);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 1000000");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await PacedAsync(nodes, 1_000_000);

        // Wherever the broker was: after c and its return the flow has its limit again, and never lost its connection.
        await nodes.StopNodeAsync(2);
        await PacedAsync(nodes, 1_000_000);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 2000000");
        await PacedAsync(nodes, 2_000_000);
        Assert.Equal(1, (await Sync(nodes, 0).GetProgress()).Attempt);
    }

    private static IBandwidthBrokerGrain Broker(NodesUnderTest nodes) => nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0);

    private static ISyncGrain Sync(NodesUnderTest nodes, int shard) => nodes.Grains(1).GetGrain<ISyncGrain>($"{shard}@b");

    // What the sender itself says, from the report after the change.
    private static Task PacedAsync(NodesUnderTest nodes, params long[] wanted) => Eventually.IsTrueAsync($"copies paced at {string.Join(", ", wanted)}", Bound, async () =>
        (await Broker(nodes).GetStatus()).Nodes.SelectMany(node => node.Flows).Where(flow => flow.Flow.Kind == FlowKind.Snapshot)
            .OrderBy(flow => flow.Flow.Replica.Shard).Select(flow => flow.PacingBytesPerSecond).SequenceEqual(wanted));

    private static Task WriteAsync(RedisConnection connection, int count) => FullCopyTests.WriteAsync(connection, "key", count, 50_000);
}
