using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Streams;
using Sluice.Bandwidth;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Replication;
using Sluice.Storage.Snapshots;
using Sluice.Sync;

namespace Sluice.Grains;

/// <summary>
/// Keeps one replica in step with its primary: by the log when the log reaches back to what the replica holds, by a full copy and then the log when not. What it
/// was ordered, and which history the installed data belongs to, is written before it acts, so that a restarted node goes on by itself.
/// The work runs as one background task in this grain's turns, which interleaves with the calls; orders are carried out one after the other.
/// </summary>
[NodePlacement]
[KeepAlive]
internal sealed partial class SyncGrain(
    [PersistentState("sync", FileGrainStorage.Name)] IPersistentState<SyncRecord> record,
    IOptions<NodeOptions> options,
    GrantTable grants,
    SyncTable syncs,
    TimeProvider time,
    ILogger<SyncGrain> logger) : Grain, ISyncGrain
{
    private SyncTracker tracker = null!;
    private ReplicaKey key;
    private CancellationTokenSource? stopping;
    private Task work = Task.CompletedTask;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        key = ReplicaKey.Parse(this.GetPrimaryKeyString());
        tracker = new SyncTracker(key, time);
        syncs.Enter(key, tracker);
        return base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        syncs.Leave(key, tracker);
        await StopWorkAsync();
        await base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task Follow(SyncOrder order)
    {
        if (stopping is not null && !order.Force && SameSource(record.State.Order, order))
        {
            return;
        }

        if (record.State.Order is { } known && known.Epoch > order.Epoch)
        {
            throw new OrderRefusedException($"Replica {key} follows epoch {known.Epoch} already: an order for epoch {order.Epoch} is out of date.");
        }

        await StopWorkAsync();
        record.State = record.State with { Copy = order.Force ? CopyReason.Forced : record.State.Copy, Order = order with { Force = false } };
        await record.WriteStateAsync();
        var mine = new CancellationTokenSource();
        stopping = mine;
        tracker.Begin(record.State.Order);
        LogFollows(key, order.Source, order.Epoch);
        work = RunAsync(record.State.Order, mine.Token);
    }

    /// <inheritdoc/>
    public async Task Stop()
    {
        if (stopping is null && record.State.Order is null)
        {
            return;
        }

        await StopWorkAsync();
        record.State = record.State with { Order = null, Copy = CopyReason.None, State = SyncState.Idle };
        await record.WriteStateAsync();
        tracker.End();
    }

    /// <inheritdoc/>
    public Task<SyncProgress> GetProgress() =>
        Task.FromResult(tracker.Tell(grants.Find(new FlowId(FlowKind.Snapshot, record.State.Order?.Source ?? "", key), time.GetUtcNow())));

    private static bool SameSource(SyncOrder? known, SyncOrder order) =>
        known is not null && known.Epoch == order.Epoch && string.Equals(known.Source, order.Source, StringComparison.Ordinal);

    private async Task StopWorkAsync()
    {
        if (stopping is { } current)
        {
            await current.CancelAsync();
            await work;
            if (ReferenceEquals(stopping, current))
            {
                stopping = null;
            }

            current.Dispose();
        }
    }

    private async Task RunAsync(SyncOrder order, CancellationToken cancellationToken)
    {
        var backoff = NewBackoff();
        while (!cancellationToken.IsCancellationRequested)
        {
            tracker.Attempt();
            try
            {
                await OnceAsync(order, () => backoff = NewBackoff(), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                SluiceTelemetry.SyncFailures.Add(1);
                var pause = backoff.Next();
                LogFailed(error, key, pause);
                tracker.Failed(error.Message);
                tracker.Enter(SyncState.Pending, $"next attempt in {pause.TotalSeconds:0.0} s");
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
    }

    private async Task OnceAsync(SyncOrder order, Action succeeded, CancellationToken cancellationToken)
    {
        var shard = GrainFactory.GetGrain<IShardGrain>(key.ToString());
        var streams = this.GetStreamProvider(ReplicationStreams.ProviderName);
        if (record.State.Copy != CopyReason.None || record.State.LiveEpoch != order.Epoch)
        {
            await CopyAsync(order, shard, streams, cancellationToken);
            succeeded();
        }

        var sequence = (await shard.GetStatus()).Sequence;
        try
        {
            await new LogFollower(key, order, shard, streams, tracker, logger).RunAsync(sequence + 1, BecameLiveAsync, cancellationToken);
        }
        catch (LogTruncatedException error)
        {
            LogTooFarBehind(key, sequence, error.Message);
            record.State = record.State with { Copy = CopyReason.LogTruncated };
            await RememberAsync(SyncState.Pending);
        }
        finally
        {
            if (tracker.State == SyncState.Live)
            {
                succeeded();
            }
        }
    }

    private async Task CopyAsync(SyncOrder order, IShardGrain shard, IStreamProvider streams, CancellationToken cancellationToken)
    {
        // A trace of its own: the order that began it has long been answered.
        Activity.Current = null;
        using var span = SluiceTelemetry.Source.StartActivity(SluiceTelemetry.SyncSpan, ActivityKind.Consumer);
        span?.SetTag("sluice.shard", key.Shard);
        span?.SetTag("sluice.node", key.Node);
        span?.SetTag("sluice.source", order.Source);
        await RememberAsync(SyncState.Copying);
        var staging = new PartitionDirectory(options.Value.ShardDirectory(key.Shard)).Staging;
        var installation = await new FullCopy(key, order, staging, GrainFactory, streams, tracker, NewBackoff, time, logger).RunAsync(cancellationToken);
        using (SluiceTelemetry.StartState(key, SyncState.Installing))
        {
            tracker.Enter(SyncState.Installing, "the copy replaces the old data");
            await shard.Install(installation);
        }

        record.State = record.State with { LiveEpoch = installation.Manifest.Epoch, Copy = CopyReason.None };
        await RememberAsync(SyncState.CatchingUp);
        tracker.Installed();
        SluiceTelemetry.CopiesInstalled.Add(1);
        LogInstalled(key, installation.Manifest.TotalBytes(), installation.Manifest.Sequence);
    }

    private Task BecameLiveAsync() => RememberAsync(SyncState.Live);

    private Task RememberAsync(SyncState state)
    {
        record.State = record.State with { State = state };
        return record.WriteStateAsync();
    }

    // The seed differs from replica to replica, so that they do not all come back at the same moment.
    private RetryBackoff NewBackoff() => new(new Random(HashCode.Combine(key, time.GetUtcNow().Ticks)));

    [LoggerMessage(4301, LogLevel.Information, "Replica {Replica} follows {Source} at epoch {Epoch}")]
    private partial void LogFollows(ReplicaKey replica, string source, long epoch);

    [LoggerMessage(4302, LogLevel.Warning, "Sync {Replica} failed, next attempt in {Pause}")]
    private partial void LogFailed(Exception error, ReplicaKey replica, TimeSpan pause);

    [LoggerMessage(4303, LogLevel.Information, "Sync {Replica}: the log no longer reaches back to sequence {Sequence}, a full copy follows: {Reason}")]
    private partial void LogTooFarBehind(ReplicaKey replica, long sequence, string reason);

    [LoggerMessage(4304, LogLevel.Information, "Sync {Replica}: installed {Bytes} bytes at sequence {Sequence}")]
    private partial void LogInstalled(ReplicaKey replica, long bytes, long sequence);
}
