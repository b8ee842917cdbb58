using System.Collections.Immutable;
using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class LogStreamTests
{
    [Fact]
    public async Task Records_arrive_in_order_and_new_ones_follow()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(10, 3);
        var received = new Received();
        var handle = (ReplicationSubscriptionHandle<LogFrame>)await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1));
        Assert.Equal(30, handle.AcceptedTotal);
        await received.UntilAsync(30);
        log.Append(5, 1);
        await received.UntilAsync(35);
        received.AssertSame(log, from: 1);
        await handle.UnsubscribeAsync();
        Assert.Equal(0, nodes.ReceivingPool.RentedBytes);
    }

    [Fact]
    public async Task A_subscription_begins_at_its_token()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(10, 3);
        var received = new Received();
        var handle = await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(16));
        await received.UntilAsync(30);
        received.AssertSame(log, from: 16);
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task A_record_longer_than_any_frame_arrives_whole_among_others()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(3, 1);
        log.AppendRecord(2, 20_000_001);
        log.AppendRecord(1, Frame.MaxPayload - Frame.RecordFieldBytes);
        log.AppendRecord(1, Frame.MaxPayload - Frame.RecordFieldBytes + 1);
        log.Append(3, 1);
        var received = new Received();
        var handle = await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1));
        await received.UntilAsync(log.LatestSequence);
        received.AssertSame(log, from: 1);
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task An_idle_log_is_heard_of_by_its_heartbeat()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(2, 1);
        var heartbeat = new TaskCompletionSource<(LogFrame Frame, long Token)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new Observer<LogFrame>((frame, token) =>
        {
            if (frame.Records.IsEmpty && token.SequenceNumber > 1)
            {
                heartbeat.TrySetResult((frame, token.SequenceNumber));
            }

            return Task.CompletedTask;
        });
        var handle = await nodes.LogStream().SubscribeAsync(observer, new ReplicationToken(1));
        var (frame, token) = await heartbeat.Task.WaitAsync(LoopbackNodes.Bound);
        Assert.Equal((5, 2, 3), (frame.Epoch, frame.LatestSequence, token));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task The_source_hears_what_is_durable_and_that_a_replica_has_left()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(10, 1);
        var received = new Received();
        var handle = (ReplicationSubscriptionHandle<LogFrame>)await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1), "3@b log");
        await received.UntilAsync(10);
        await handle.AcknowledgeAsync(7);
        Assert.Equal((new ReplicaKey(3, "b"), 7L), await log.Acknowledgement.Task.WaitAsync(LoopbackNodes.Bound));
        await handle.UnsubscribeAsync();
        Assert.Equal(new ReplicaKey(3, "b"), await log.Departure.Task.WaitAsync(LoopbackNodes.Bound));
    }

    [Theory]
    [InlineData(FollowerMode.Apply)]
    [InlineData(FollowerMode.Spool)]
    public async Task A_spool_gets_the_same_log_and_the_source_knows_what_becomes_of_it(FollowerMode mode)
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(10, 3);
        var received = new Received();
        var stream = mode == FollowerMode.Spool ? nodes.SpoolStream() : nodes.LogStream();
        var handle = await stream.SubscribeAsync(received.Observer, new ReplicationToken(1));
        await received.UntilAsync(30);
        received.AssertSame(log, from: 1);
        Assert.Equal(mode, await log.Mode.Task.WaitAsync(LoopbackNodes.Bound));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task A_subscriber_learns_how_far_what_was_sent_is_behind_in_bytes_and_time()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(10, 1);
        var first = new TaskCompletionSource<LogProgress>(TaskCreationOptions.RunContinuationsAsynchronously);
        var atTheEnd = new TaskCompletionSource<LogProgress>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handle = await nodes.LogStream().SubscribeAsync(
            new Observer<LogFrame>((frame, _) =>
            {
                if (frame.Progress is { } progress)
                {
                    first.TrySetResult(progress);
                    if (progress.Position == 10)
                    {
                        atTheEnd.TrySetResult(progress);
                    }
                }

                return Task.CompletedTask;
            }),
            new ReplicationToken(4));
        Assert.Equal(new LogProgress(10, 1000, 3, 700, TimeSpan.FromSeconds(7)), await first.Task.WaitAsync(LoopbackNodes.Bound));
        Assert.Equal(new LogProgress(10, 1000, 10, 0, TimeSpan.Zero), await atTheEnd.Task.WaitAsync(LoopbackNodes.Bound));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task A_log_that_no_longer_reaches_back_is_said_so_before_it_begins()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog { FirstSequence = 100 };
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        await Assert.ThrowsAsync<LogTruncatedException>(() => nodes.LogStream().SubscribeAsync(new Received().Observer, new ReplicationToken(50)));
    }

    [Fact]
    public async Task A_log_that_is_purged_while_it_is_read_ends_with_the_typed_error()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        var received = new Received();
        await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1));
        log.Failure = new LogTruncatedException("purged under way");
        log.Append(1, 1);
        var error = await Assert.ThrowsAsync<LogTruncatedException>(() => received.Observer.Ended);
        Assert.Equal("purged under way", error.Message);
    }

    [Fact]
    public async Task A_gap_in_the_log_is_never_handed_over()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        log.Append(3, 1);
        log.Skip(5);
        log.Append(3, 1);
        var received = new Received();
        await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1));
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => received.Observer.Ended);
        Assert.Equal(ReplicationFailure.SourceUnavailable, error.Failure);
        Assert.True(received.Last <= 3, $"sequence {received.Last} was handed over");
    }

    [Fact]
    public async Task A_withdrawn_log_ends_the_stream_with_the_typed_error()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var log = new MemoryLog();
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), log);
        var received = new Received();
        await nodes.LogStream().SubscribeAsync(received.Observer, new ReplicationToken(1));
        log.Withdraw();
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => received.Observer.Ended);
        Assert.Equal(ReplicationFailure.SourceUnavailable, error.Failure);
    }

    [Fact]
    public async Task A_log_stream_needs_a_token()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        await Assert.ThrowsAsync<ArgumentNullException>(() => nodes.LogStream().SubscribeAsync(new Received().Observer));
    }

    private sealed class Received
    {
        private readonly List<LogRecord> records = [];
        private readonly Lock gate = new();
        private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Received() => Observer = new Observer<LogFrame>(Take);

        public Observer<LogFrame> Observer { get; }

        public long Last { get; private set; }

        public async Task UntilAsync(long sequence)
        {
            while (true)
            {
                Task wait;
                lock (gate)
                {
                    if (Last >= sequence)
                    {
                        return;
                    }

                    wait = changed.Task;
                }

                await await Task.WhenAny(wait.WaitAsync(LoopbackNodes.Bound), Observer.Ended);
            }
        }

        public void AssertSame(MemoryLog log, long from)
        {
            var expected = log.Records.Where(record => record.Sequence >= from).ToList();
            Assert.Equal(expected.Select(record => (record.Sequence, record.Count)), records.Select(record => (record.Sequence, record.Count)));
            Assert.All(expected.Zip(records), pair => Assert.True(pair.First.Batch.AsSpan().SequenceEqual(pair.Second.Batch), $"record {pair.First.Sequence} differs"));
        }

        private Task Take(LogFrame frame, StreamSequenceToken token)
        {
            lock (gate)
            {
                records.AddRange(frame.Records);
                Last = frame.Records.IsEmpty ? Last : frame.Records[^1].Sequence + frame.Records[^1].Count - 1;
                changed.TrySetResult();
                changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return Task.CompletedTask;
        }
    }
}

/// <summary>A log in memory.</summary>
internal sealed class MemoryLog : ILogSource
{
    private readonly Lock gate = new();
    private readonly Random random = new(1);
    private ImmutableList<LogRecord> records = [];
    private TaskCompletionSource newer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool withdrawn;

    public ImmutableList<LogRecord> Records => records;

    public Exception? Failure { get; set; }

    public long FirstSequence { get; set; } = 1;

    public TaskCompletionSource<(ReplicaKey, long)> Acknowledgement { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<ReplicaKey> Departure { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Epoch => 5;

    public long LatestSequence { get; private set; }

    public void Append(int count, int operations)
    {
        for (var n = 0; n < count; n++)
        {
            AppendRecord(operations, 100);
        }
    }

    public void AppendRecord(int operations, int bytes)
    {
        var batch = new byte[bytes];
        random.NextBytes(batch);
        lock (gate)
        {
            records = records.Add(new LogRecord(LatestSequence + 1, operations, batch));
            LatestSequence += operations;
            newer.TrySetResult();
            newer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Skip(int sequences) => LatestSequence += sequences;

    public void Withdraw()
    {
        lock (gate)
        {
            withdrawn = true;
            newer.TrySetResult();
        }
    }

    public ILogReader OpenReader(long fromSequence) =>
        fromSequence < FirstSequence ? throw new LogTruncatedException($"The log begins at {FirstSequence}.") : new Reader(this);

    public async ValueTask WaitForNewerAsync(long sequence, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (withdrawn)
                {
                    throw new ShardUnavailableException("withdrawn");
                }

                if (LatestSequence > sequence)
                {
                    return;
                }

                wait = newer.Task;
            }

            await wait.WaitAsync(cancellationToken);
        }
    }

    public IReadOnlyList<FollowerStatus> Followers => [];

    public TaskCompletionSource<FollowerMode> Mode { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ILogFollower Follow(ReplicaKey replica, FollowerMode mode, long from)
    {
        Mode.TrySetResult(mode);
        return new Follower(this, replica);
    }

    private sealed class Follower(MemoryLog log, ReplicaKey replica) : ILogFollower
    {
        public void Sending(long sequence, long bytes) => Assert.True(sequence <= log.LatestSequence);

        public void Acknowledged(long? durable, long consumed)
        {
            if (durable is { } sequence)
            {
                log.Acknowledgement.TrySetResult((replica, sequence));
            }
        }

        public LogProgress ProgressAt(long sequence) => new(log.LatestSequence, 100 * log.LatestSequence, sequence, 100 * (log.LatestSequence - sequence), TimeSpan.FromSeconds(log.LatestSequence - sequence));

        public void Dispose() => log.Departure.TrySetResult(replica);
    }

    // From the beginning always: the sender passes over what it does not need.
    private sealed class Reader(MemoryLog log) : ILogReader
    {
        private int next;

        public LogRecord? TryRead() => log.Failure is { } failure ? throw failure : next < log.records.Count ? log.records[next++] : null;

        public void Dispose()
        {
        }
    }
}
