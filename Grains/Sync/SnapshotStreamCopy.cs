using System.Buffers;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>Where the pieces of a snapshot's stream go.</summary>
internal interface IChunkTarget
{
    /// <summary>Where a new connection must begin: everything before it is safe.</summary>
    long DurablePosition { get; }

    /// <summary>Takes a piece; its memory is valid until this ends.</summary>
    /// <param name="chunk">The piece.</param>
    /// <param name="wireBytes">What the connection has received so far, headers included.</param>
    ValueTask WriteAsync(SnapshotChunk chunk, long wireBytes);

    /// <summary>The connection is lost: gets ready for one that begins at <see cref="DurablePosition"/>.</summary>
    Task RewindAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Brings one stream of a leased snapshot (its manifest, its files) to its end: a connection that breaks or stalls is closed, and another one goes on at the last durable position, after a pause
/// that grows as long as nothing comes through; for as long as the primary still holds the snapshot. No time limit is on data. It runs in the turns of its SyncGrain.
/// </summary>
internal sealed partial class SnapshotStreamCopy(
    ReplicaKey replica, SyncOrder order, IShardGrain source, IStreamProvider streams, SyncTracker tracker, Func<RetryBackoff> newBackoff, TimeProvider time, ILogger logger)
{
    /// <summary>Copies the whole stream.</summary>
    /// <exception cref="ShardUnavailableException">The primary no longer holds the snapshot.</exception>
    public async Task RunAsync(StreamId stream, Guid lease, IChunkTarget target, CancellationToken cancellationToken)
    {
        var backoff = newBackoff();
        while (true)
        {
            var durableBefore = target.DurablePosition;
            try
            {
                await OneConnectionAsync(stream, target, cancellationToken);
                return;
            }
            catch (ReplicationConnectionException error)
            {
                if (target.DurablePosition > durableBefore)
                {
                    backoff = newBackoff();
                }

                await PrepareNextConnectionAsync(lease, target, backoff.Next(), error, cancellationToken);
            }
        }
    }

    private async Task PrepareNextConnectionAsync(Guid lease, IChunkTarget target, TimeSpan pause, ReplicationConnectionException error, CancellationToken cancellationToken)
    {
        tracker.ConnectionEnded();
        tracker.Failed(error.Message);
        LogConnectionLost(replica, target.DurablePosition, pause, error.Message);
        tracker.Enter(tracker.State, $"connection to {order.Source} lost, next attempt in {pause.TotalSeconds:0.0} s");
        await Task.Delay(pause, time, cancellationToken);
        if (!await source.RenewSnapshot(lease).WaitAsync(cancellationToken))
        {
            throw new ShardUnavailableException($"{order.Source} no longer holds the snapshot of shard {replica.Shard}: the copy begins anew.");
        }

        await target.RewindAsync(cancellationToken);
        tracker.Attempt();
        tracker.Enter(tracker.State, $"going on at byte {target.DurablePosition} from {order.Source}");
    }

    private async Task OneConnectionAsync(StreamId id, IChunkTarget target, CancellationToken cancellationToken)
    {
        var observer = new ChunkObserver(target);
        var stream = streams.GetStream<SnapshotChunk>(id);
        var filter = new SubscriptionDetails(replica, order.Class).ToString();
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await stream.SubscribeAsync(observer, new ReplicationToken(target.DurablePosition), filter);
        observer.Handle = handle;
        try
        {
            await observer.Ended.WaitAsync(cancellationToken);
        }
        finally
        {
            await handle.UnsubscribeAsync();
        }
    }

    [LoggerMessage(4103, LogLevel.Warning, "Sync {Replica}: connection lost at durable byte {Position}, next attempt in {Pause}: {Reason}")]
    private partial void LogConnectionLost(ReplicaKey replica, long position, TimeSpan pause, string reason);

    private sealed class ChunkObserver(IChunkTarget target) : IAsyncObserver<SnapshotChunk>
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long acknowledged;

        public Task Ended => ended.Task;

        public ReplicationSubscriptionHandle<SnapshotChunk>? Handle { get; set; }

        public async Task OnNextAsync(SnapshotChunk item, StreamSequenceToken? token = null)
        {
            try
            {
                await target.WriteAsync(item, Handle?.WireBytesReceived ?? 0);
                await AcknowledgeAsync();
            }
            catch (Exception error) when (error is not ReplicationConnectionException)
            {
                ended.TrySetException(error);
            }
        }

        public Task OnCompletedAsync()
        {
            ended.TrySetResult();
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex)
        {
            ended.TrySetException(ex);
            return Task.CompletedTask;
        }

        private async Task AcknowledgeAsync()
        {
            var durable = target.DurablePosition;
            if (durable > acknowledged && Handle is { } handle)
            {
                acknowledged = durable;
                await handle.AcknowledgeAsync(durable);
            }
        }
    }
}

/// <summary>A copy's files: they go to the staging directory, and the figures follow.</summary>
internal sealed class StagedChunks(StagingWriter staging, SyncTracker tracker) : IChunkTarget
{
    private long told;

    /// <inheritdoc/>
    public long DurablePosition => staging.DurablePosition;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(SnapshotChunk chunk, long wireBytes)
    {
        await staging.WriteAsync(chunk);
        tracker.Received(staging.ReceivedPosition, chunk.Data.Length, wireBytes);
        SluiceTelemetry.CopyReceived.Add(chunk.Data.Length);
        if (staging.DurablePosition is var durable && durable > told)
        {
            told = durable;
            tracker.Durable(durable);
        }
    }

    /// <inheritdoc/>
    public Task RewindAsync(CancellationToken cancellationToken) => staging.RewindAsync(cancellationToken);
}

/// <summary>
/// A copy's manifest: it is kept in memory, where it is needed as a whole. What has come is not lost with a connection, only with the process; then the copy begins with the manifest again anyway.
/// </summary>
internal sealed class ManifestChunks(SyncTracker tracker) : IChunkTarget
{
    private readonly ArrayBufferWriter<byte> bytes = new();

    /// <inheritdoc/>
    public long DurablePosition => bytes.WrittenCount;

    /// <summary>What has come.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    /// <inheritdoc/>
    public ValueTask WriteAsync(SnapshotChunk chunk, long wireBytes)
    {
        if (chunk.FileIndex != 0 || chunk.FileOffset != bytes.WrittenCount || bytes.WrittenCount + chunk.Data.Length > ManifestEncoding.MaxBytes)
        {
            throw new InvalidManifestException($"A piece of {chunk.Data.Length} bytes at {chunk.FileOffset} does not belong to a manifest of which {bytes.WrittenCount} bytes have come, at most {ManifestEncoding.MaxBytes} in all.");
        }

        bytes.Write(chunk.Data.Span);
        tracker.Enter(tracker.State, $"{bytes.WrittenCount} bytes of the manifest have come");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RewindAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
