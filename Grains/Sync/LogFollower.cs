using Microsoft.Extensions.Logging;
using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>
/// Follows a primary's log: every frame is applied by the replica's ShardGrain before the next one is taken, and acknowledged when it is durable. It ends only by an
/// exception. It runs in the turns of its SyncGrain.
/// </summary>
internal sealed partial class LogFollower(
    ReplicaKey replica,
    SyncOrder order,
    IShardGrain shard,
    IStreamProvider streams,
    SyncTracker tracker,
    ILogger logger)
{
    // Live is what a reader would call up to date; a busy primary is always a few batches ahead.
    private const long LiveLag = 1_000;

    private ReplicaKey Replica => replica;

    private SyncOrder Order => order;

    private SyncTracker Tracker => tracker;

    /// <summary>Follows the log from a sequence on.</summary>
    /// <param name="fromSequence">The first sequence that is wanted.</param>
    /// <param name="live">Called once, when the replica has become live.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    /// <exception cref="LogTruncatedException">The primary no longer has that part of the log.</exception>
    public async Task RunAsync(long fromSequence, Func<Task> live, CancellationToken cancellationToken)
    {
        tracker.Enter(SyncState.CatchingUp, $"log of {order.Source} from sequence {fromSequence}");
        var observer = new FrameObserver(this, shard, live, fromSequence);
        var stream = streams.GetStream<LogFrame>(ReplicationStreams.Log(new ReplicaKey(replica.Shard, order.Source)));
        var filter = new SubscriptionDetails(replica, QosClass.Log).ToString();
        var handle = (ReplicationSubscriptionHandle<LogFrame>)await stream.SubscribeAsync(observer, new ReplicationToken(fromSequence), filter);
        observer.Handle.TrySetResult(handle);
        try
        {
            await observer.Ended.WaitAsync(cancellationToken);
        }
        finally
        {
            await handle.UnsubscribeAsync();
        }
    }

    [LoggerMessage(4201, LogLevel.Information, "Replica {Replica} is live at sequence {Sequence}, {Lag} behind {Source}")]
    private partial void LogLive(ReplicaKey replica, long sequence, long lag, string source);

    private sealed class FrameObserver(LogFollower follower, IShardGrain shard, Func<Task> live, long fromSequence) : IAsyncObserver<LogFrame>
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long applied = fromSequence - 1;

        public Task Ended => ended.Task;

        public TaskCompletionSource<ReplicationSubscriptionHandle<LogFrame>> Handle { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task OnNextAsync(LogFrame item, StreamSequenceToken? token = null)
        {
            try
            {
                if (!item.Records.IsEmpty)
                {
                    applied = await shard.Apply(new LogBatch { Epoch = item.Epoch, Records = item.Records });
                    SluiceTelemetry.LogApplied.Add(item.Records.Length);
                }

                var handle = await Handle.Task;
                await handle.AcknowledgeAsync(applied);
                var lag = Math.Max(0, item.LatestSequence - applied);
                follower.Tracker.Lag(lag);
                if (lag <= LiveLag && follower.Tracker.State != SyncState.Live)
                {
                    follower.Tracker.Enter(SyncState.Live, $"follows {follower.Order.Source}");
                    follower.LogLive(follower.Replica, applied, lag, follower.Order.Source);
                    await live();
                }
            }
            catch (Exception error)
            {
                ended.TrySetException(error);
            }
        }

        public Task OnCompletedAsync()
        {
            ended.TrySetException(new ShardUnavailableException($"{follower.Order.Source} offers the log of shard {follower.Replica.Shard} no more."));
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex)
        {
            ended.TrySetException(ex);
            return Task.CompletedTask;
        }
    }
}
