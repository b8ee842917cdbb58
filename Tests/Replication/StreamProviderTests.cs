using Orleans.Runtime;
using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class StreamProviderTests
{
    [Fact]
    public async Task Events_are_turns_on_the_scheduler_of_the_subscriber()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 3_000_000, 100);
        var turns = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default).ExclusiveScheduler;
        var seen = new List<TaskScheduler>();
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            seen.Add(TaskScheduler.Current);
            await Task.Yield();
            seen.Add(TaskScheduler.Current);
        });
        await Task.Factory.StartNew(() => nodes.SnapshotStream(snapshot).SubscribeAsync(observer), CancellationToken.None, TaskCreationOptions.None, turns).Unwrap();
        await observer.Ended;
        Assert.Equal(8, seen.Count);
        Assert.All(seen, scheduler => Assert.Same(turns, scheduler));
    }

    [Fact]
    public async Task One_event_at_a_time()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 3_000_000);
        var (running, most) = (0, 0);
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            Interlocked.Decrement(ref running);
        });
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended;
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task An_observer_that_throws_hears_its_own_error_on_a_closed_connection()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 50_000_000);
        var observer = new Observer<SnapshotChunk>((_, _) => throw new InvalidOperationException("my own"));
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => observer.Ended);
        Assert.Equal("my own", error.Message);
        await NoConnectionsAsync(nodes);
        Assert.Equal(0, nodes.ReceivingPool.RentedBytes);
    }

    [Fact]
    public async Task After_unsubscribing_nothing_is_heard_any_more()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 50_000_000);
        var count = 0;
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var unsubscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            count++;
            first.TrySetResult();
            await unsubscribed.Task;
        });
        var handle = await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await first.Task.WaitAsync(LoopbackNodes.Bound);
        await handle.UnsubscribeAsync().WaitAsync(LoopbackNodes.Bound);
        await handle.UnsubscribeAsync();
        unsubscribed.SetResult();
        await NoConnectionsAsync(nodes);
        Assert.Equal(1, count);
        Assert.False(observer.HasEnded);
        Assert.Empty(await nodes.SnapshotStream(snapshot).GetAllSubscriptionHandles());
    }

    [Fact]
    public async Task An_observer_may_unsubscribe_within_its_own_event()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 50_000_000);
        var handle = new TaskCompletionSource<StreamSubscriptionHandle<SnapshotChunk>>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            await (await handle.Task).UnsubscribeAsync();
            done.SetResult();
        });
        handle.SetResult(await nodes.SnapshotStream(snapshot).SubscribeAsync(observer));
        await done.Task.WaitAsync(LoopbackNodes.Bound);
        await NoConnectionsAsync(nodes);
    }

    [Fact]
    public async Task A_subscription_resumes_after_what_was_handed_over()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 5_000_000);
        var next = 0L;
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = new Observer<SnapshotChunk>(async (chunk, _) =>
        {
            next += chunk.Data.Length;
            first.TrySetResult();
            await resumed.Task;
        });
        var after = new Observer<SnapshotChunk>((chunk, token) =>
        {
            Assert.Equal(next, token.SequenceNumber);
            next += chunk.Data.Length;
            return Task.CompletedTask;
        });
        var handle = await nodes.SnapshotStream(snapshot).SubscribeAsync(before);
        Assert.Equal(handle, Assert.Single(await nodes.SnapshotStream(snapshot).GetAllSubscriptionHandles()));
        await first.Task.WaitAsync(LoopbackNodes.Bound);
        await handle.ResumeAsync(after);
        await after.Ended;
        resumed.SetResult();
        Assert.Equal(5_000_000, next);
    }

    [Fact]
    public async Task A_batch_observer_hears_each_event()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 100, 200);
        var observer = new BatchObserver();
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended.Task.WaitAsync(LoopbackNodes.Bound);
        Assert.Equal([(0L, 100), (100L, 200)], observer.Events);
    }

    [Fact]
    public async Task Nothing_can_be_published()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var stream = nodes.LogStream();
        var frame = new LogFrame(1, 1, []);
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnNextAsync(frame));
        Assert.Contains("write-ahead log", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnNextBatchAsync([frame]));
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnCompletedAsync());
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnErrorAsync(new InvalidOperationException()));
    }

    [Fact]
    public async Task A_stream_of_another_name_or_type_is_refused()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        Assert.Throws<ArgumentException>(() => nodes.Provider.GetStream<LogFrame>(ReplicationStreams.Snapshot(new ReplicaKey(1, "a"), Guid.NewGuid())));
        Assert.Throws<ArgumentException>(() => nodes.Provider.GetStream<SnapshotChunk>(ReplicationStreams.Log(new ReplicaKey(1, "a"))));
        Assert.Throws<ArgumentException>(() => nodes.Provider.GetStream<LogFrame>(StreamId.Create("other", "1@a")));
        Assert.True(nodes.Provider.IsRewindable);
        Assert.Equal(nodes.LogStream(), nodes.LogStream());
    }

    internal static async Task NoConnectionsAsync(LoopbackNodes nodes)
    {
        var clock = TimeProvider.System;
        for (var start = clock.GetTimestamp(); nodes.Listener.Connections > 0;)
        {
            Assert.True(clock.GetElapsedTime(start) < LoopbackNodes.Bound, "waited for the listener to have no connections");
            await Task.Delay(TimeSpan.FromMilliseconds(10), clock);
        }

        Assert.Empty(nodes.Flows.Flows);
    }

    private sealed class BatchObserver : IAsyncBatchObserver<SnapshotChunk>
    {
        public List<(long Position, int Length)> Events { get; } = [];

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task OnNextAsync(IList<SequentialItem<SnapshotChunk>> items)
        {
            Events.AddRange(items.Select(item => (item.Token.SequenceNumber, item.Item.Data.Length)));
            return Task.CompletedTask;
        }

        public Task OnCompletedAsync()
        {
            Ended.SetResult();
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex)
        {
            Ended.SetException(ex);
            return Task.CompletedTask;
        }
    }
}
