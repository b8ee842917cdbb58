using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Configuration;
using Sluice.Placement;
using Sluice.Replication;
using Sluice.Resp;
using Sluice.Storage;
using Sluice.Storage.Commands;
using Sluice.Storage.Log;
using Sluice.Storage.Snapshots;
using Sluice.Sync;
using Sluice.Topology;

namespace Sluice.Grains;

/// <summary>
/// Owns one replica's partition: nobody else opens the database. Commands are executed in this grain's turns, one batch at a time, and wait off the turn for the disk
/// when the fsync policy asks for it, so that the writes of many clients share one fsync.
/// </summary>
[NodePlacement]
[KeepAlive]
internal sealed partial class ShardGrain(
    StorageEngine engine,
    ReplicationSources sources,
    SnapshotDisk snapshotDisk,
    SyncTable syncs,
    LiveConfiguration configuration,
    IOptions<NodeOptions> options,
    TimeProvider time,
    ILogger<ShardGrain> logger) : Grain, IShardGrain, IAsyncDisposable
{
    // Expired keys are swept in small steps between commands, so that a million keys that expire together do not hold a client up.
    private const int ExpirySweep = 500;
    private static readonly TimeSpan Upkeep = TimeSpan.FromMilliseconds(250);

    // Less than a grain call may take: a write that has waited so long is refused, and known not to have been made.
    private static readonly TimeSpan PausedAtMost = TimeSpan.FromSeconds(15);

    private ReplicaKey key;
    private readonly WriteThrottle throttle = new(configuration, time, logger);
    private PartitionDirectory directory = null!;
    private Partition? partition;
    private SnapshotShelf? shelf;
    private IDisposable? logOffer;
    private ShardAssignment? assignment;
    private readonly Fence fence = new();

    // Commands wait while it is set: a copy replaces the data.
    private TaskCompletionSource? held;

    // Writes wait while it is set: the shard is handed over. Only the end of the hand-over ends it.
    private TaskCompletionSource? paused;
    private HandOver? handOver;

    private ReplicaRole Role => assignment?.RoleOf(key.Node) ?? ReplicaRole.None;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        key = ReplicaKey.Parse(this.GetPrimaryKeyString());
        directory = new PartitionDirectory(options.Value.ShardDirectory(key.Shard));
        configuration.Changed += ConfigurationChanged;
        this.RegisterGrainTimer(UpkeepAsync, new GrainTimerCreationOptions(Upkeep, Upkeep) { KeepAlive = true });
        await base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await DisposeAsync();
        await base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <summary>Closes the partition.</summary>
    public async ValueTask DisposeAsync()
    {
        configuration.Changed -= ConfigurationChanged;
        await CloseAsync();
        partition?.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask<ReplyBatch> Execute(CommandBatch batch)
    {
        await throttle.WaitAsync(batch);
        while (Obstacle(batch) is { } obstacle)
        {
            await obstacle;
        }

        Hear(batch.Epoch, "a gateway");
        var open = Opened();
        if (Role == ReplicaRole.Replica && syncs.Find(key) is { Copy: CopyReason.Diverged })
        {
            // What it holds is in nobody's history any more.
            return ErrorReplies.For(batch.Commands.Length, "MASTERDOWN This replica's data is of another history than its primary's, and waits for a copy of that.");
        }

        var epoch = fence.Epoch;
        var (replies, written) = open.Execute(batch, writable: fence.MayWrite);
        if (written > 0)
        {
            await open.WhenDurableAsync(written);
            if (!fence.MayWrite || fence.Epoch != epoch)
            {
                // Redis' words for a command that was under way when the master became a replica. Whether the next reign has the write is not known here, so it is not acknowledged; nor repeated.
                return ErrorReplies.For(batch.Commands.Length, "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
            }
        }

        return replies;
    }

    /// <inheritdoc/>
    public Task<ShardStatus> GetStatus()
    {
        var statistics = partition?.GetStatistics();
        return Task.FromResult(new ShardStatus
        {
            Key = key,
            Role = Role,
            Epoch = assignment?.Epoch ?? 0,
            Primary = assignment?.Primary ?? "",
            Sequence = partition?.LatestSequence ?? 0,
            Position = partition?.Position ?? default,
            IsOpen = partition is not null,
            EstimatedKeys = statistics?.EstimatedKeys ?? 0,
            DiskBytes = statistics?.DiskBytes ?? 0,
            EngineMemoryBytes = statistics?.EngineMemoryBytes ?? 0,
            Followers = [.. partition?.Log.Followers ?? []],
            Snapshots = shelf?.Count ?? 0,
            BackpressureBytesPerSecond = throttle.BytesPerSecond,
            BackpressureDelay = throttle.Delayed,
            SnapshotLeases = shelf?.Leases ?? 0,
            SnapshotHeldBytes = shelf?.HeldBytes ?? 0,
        });
    }

    /// <inheritdoc/>
    public Task<int> WaitForReplicas(long sequence, int replicas, TimeSpan timeout) => Opened().Log.WaitForReplicasAsync(sequence, replicas, timeout);

    /// <inheritdoc/>
    public async Task<LogPosition> ReachPosition(LogPosition position, TimeSpan timeout)
    {
        var open = Opened();
        if (timeout > TimeSpan.Zero && open.LatestSequence < position.Sequence)
        {
            using var limit = new CancellationTokenSource(timeout, time);
            await open.Log.WaitForNewerAsync(position.Sequence - 1, limit.Token).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        var reached = open.Position;
        await open.SyncWalAsync();
        return reached;
    }

    /// <inheritdoc/>
    public Task BeginHandOver(HandOverOrder order)
    {
        if (!fence.MayWrite || fence.Epoch != order.Epoch)
        {
            throw new OrderRefusedException($"Replica {key} is not the primary of epoch {order.Epoch}: it is {Role} at epoch {fence.Epoch}, and its primary is '{assignment?.Primary}'.");
        }

        if (paused is not null)
        {
            throw new OrderRefusedException($"Replica {key} is handed over to '{handOver!.Order.Target}' already.");
        }

        paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        handOver = new HandOver(key, order, Opened().Position, GrainFactory, time);
        LogHandOver(key, order.Target, order.Epoch, order.Bound);
        _ = HandOverAsync(handOver, paused);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<HandOverStatus> GetHandOver() => Task.FromResult(handOver is null ? new HandOverStatus() : handOver.Status with { Phase = paused is null ? FailoverPhase.NoFailover : handOver.Status.Phase });

    /// <inheritdoc/>
    public Task AbortHandOver()
    {
        handOver?.Abort();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<bool> Assign(ShardAssignment next)
    {
        var before = Role;
        var epochBefore = fence.Epoch;
        if (!fence.Assign(next.RoleOf(key.Node), next.Epoch))
        {
            return true;
        }

        assignment = next;
        if (Role == ReplicaRole.None)
        {
            await CloseAsync();
            directory.Remove();
            return true;
        }

        if (partition is null)
        {
            OpenPartition();
        }

        if (before != Role || epochBefore != next.Epoch)
        {
            LogRole(key, Role, next.Epoch, partition!.LatestSequence);
            partition.Log.Epoch = next.Epoch;
        }

        return Role != ReplicaRole.Primary || fence.MayWrite || await BeginReignAsync(next.Epoch);
    }

    /// <inheritdoc/>
    public async Task<LogOffer> OfferLog(LogRequest request)
    {
        var open = Opened();
        Hear(request.KnownEpoch, $"replica {request.Replica}");
        if (Role == ReplicaRole.None || fence.IsFenced || request.KnownEpoch > fence.Epoch)
        {
            throw new ShardUnavailableException($"Replica {key} is {Role} at epoch {fence.Epoch} and knows less than {request.Replica}, which has heard of epoch {request.KnownEpoch}: ask again when the topology has reached it.");
        }

        var first = await Task.Run(open.Log.FindFirstSequence);
        return LogJudgement.Of(open.History, request, fence.Epoch, open.LatestSequence, first);
    }

    /// <inheritdoc/>
    public async Task<SnapshotOffer?> OpenSnapshot(SnapshotRequest request)
    {
        using var span = SluiceTelemetry.StartState(key, SyncState.Opening);
        var open = Opened();
        if (Role != ReplicaRole.Primary && syncs.Find(key) is not { State: SyncState.Live })
        {
            throw new ShardUnavailableException($"Replica {key} is neither the shard's primary nor live: it cannot be copied from now.");
        }

        return await shelf!.OpenAsync(request, open, CanFollow);
    }

    /// <inheritdoc/>
    public Task<bool> ChooseFiles(Guid lease, ImmutableArray<int> transfer) => OpenedShelf().ChooseAsync(lease, transfer);

    /// <inheritdoc/>
    public Task<bool> RenewSnapshot(Guid lease) => Task.FromResult(OpenedShelf().Renew(lease));

    /// <inheritdoc/>
    public Task ReleaseSnapshot(Guid lease)
    {
        shelf?.Release(lease);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task Install(SnapshotInstallation installation)
    {
        if (Role != ReplicaRole.Replica)
        {
            throw new ShardUnavailableException($"Replica {key} is {Role}: a copy is installed on replicas only.");
        }

        await Task.Run(() => StagedCopy.Verify(engine, installation.StagingDirectory, installation.Manifest));
        var hold = held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await CloseAsync();
        try
        {
            // Off the turn: it waits until the whole copy is on the disk.
            await Task.Run(() => directory.Install(installation.StagingDirectory, installation.Manifest, installation.KeepOld ? time.GetUtcNow() : null));
        }
        finally
        {
            OpenPartition();
            Resume(hold);
        }

        Invariant.Holds(partition?.LatestSequence == installation.Manifest.Sequence, "an installed copy stands at its manifest's sequence");
    }

    /// <inheritdoc/>
    public async Task<long> Apply(LogBatch batch)
    {
        if (Role != ReplicaRole.Replica || batch.Epoch != assignment!.Epoch)
        {
            throw new ShardUnavailableException($"Replica {key} is {Role} at epoch {assignment?.Epoch ?? 0}: log of epoch {batch.Epoch} is not applied.");
        }

        return await Opened().ApplyAsync(batch);
    }

    /// <inheritdoc/>
    public Task<ShardDigest> ComputeDigest() => Opened().ComputeDigestAsync();

    private async Task<bool> BeginReignAsync(long epoch)
    {
        if (!await partition!.BeginReignAsync(epoch))
        {
            return false;
        }

        fence.Begin(epoch);
        return true;
    }

    private async Task HandOverAsync(HandOver current, TaskCompletionSource pause)
    {
        try
        {
            await current.RunAsync();
            if (current.Status.Succeeded)
            {
                // What waited must not be written in the old epoch.
                Hear(current.Order.Epoch + 1, "the topology");
            }

            LogHandOverEnded(key, current.Order.Target, current.Status.Succeeded, current.Status.Reason);
        }
        finally
        {
            paused = null;
            pause.TrySetResult();
        }
    }

    /// <summary>What a batch must wait for before it is executed; null: nothing.</summary>
    private Task? Obstacle(CommandBatch batch) =>
        held is { } hold ? hold.Task
        : paused is { } pause && ShardCommandTable.Writes(batch) ? WaitForHandOverAsync(pause)
        : null;

    private async Task WaitForHandOverAsync(TaskCompletionSource pause)
    {
        try
        {
            await pause.Task.WaitAsync(PausedAtMost, time);
        }
        catch (TimeoutException)
        {
            throw new ShardUnavailableException($"Replica {key} is being handed over to '{handOver!.Order.Target}', and writes wait: {handOver.Status.Reason}");
        }
    }

    private void Hear(long epoch, string from)
    {
        if (fence.Hear(epoch))
        {
            LogFenced(key, fence.Epoch, epoch, from);
        }
    }

    private Partition Opened() =>
        partition ?? throw new ShardUnavailableException($"Replica {key} is not open: node '{key.Node}' has not been told its role by the topology yet.");

    // A replica that is not open cannot say that a lease is gone.
    private SnapshotShelf OpenedShelf()
    {
        Opened();
        return shelf!;
    }

    // What is open can be copied from: the primary, and a replica, whose log is the primary's, to spare the primary's link.
    private void OpenPartition()
    {
        directory.Recover();
        partition = Partition.Open(PartitionOptions(), time, logger);
        shelf = new SnapshotShelf(key, directory.Snapshots, IsInHistory, sources, snapshotDisk, time, logger);
        logOffer = sources.OfferLog(key, partition.Log);
    }

    private bool IsInHistory(LogPosition position) => position.Sequence <= partition!.LatestSequence && partition.History.EpochAt(position.Sequence) == position.Epoch;

    private bool CanFollow(LogPosition position) => IsInHistory(position) && partition!.Log.ReachesBackTo(position.Sequence + 1);

    private PartitionOptions PartitionOptions() => new()
    {
        Directory = directory.Live,
        Engine = engine,
        Key = key,
        ShardCount = options.Value.ShardCount,
        Epoch = assignment?.Epoch ?? 0,
        Fsync = Policy,
        RandomSeed = HashCode.Combine(key, time.GetUtcNow().Ticks),
    };

    private FsyncPolicy Policy => configuration.AppendFsync switch
    {
        "always" => FsyncPolicy.Always,
        "no" => FsyncPolicy.No,
        _ => FsyncPolicy.EverySecond,
    };

    private void Resume(TaskCompletionSource pause)
    {
        if (ReferenceEquals(held, pause))
        {
            held = null;
        }

        pause.TrySetResult();
    }

    private async Task UpkeepAsync()
    {
        shelf?.Sweep();
        throttle.Decide(key, Role == ReplicaRole.Primary ? partition?.Log : null);
        foreach (var (follower, isHung) in partition?.Log.TakeChanges() ?? [])
        {
            LogFollower(key, follower.Node, follower.Mode, isHung ? "hung: it is connected and takes nothing in" : "well again", follower.DurableSequence, follower.SentSequence);
        }

        while (fence.MayWrite && held is null && paused is null && partition?.ExpireDue(ExpirySweep) == ExpirySweep)
        {
            // More is due: after the commands that have come meanwhile.
            await Task.Yield();
        }
    }

    private void ConfigurationChanged(string name)
    {
        if (partition is { } open)
        {
            open.Fsync = Policy;
        }
    }

    private async Task CloseAsync()
    {
        // Nobody enters from here on.
        var open = partition;
        partition = null;
        logOffer?.Dispose();
        logOffer = null;
        if (shelf is not null)
        {
            await shelf.DisposeAsync();
            shelf = null;
        }

        // The native database is closed when the last reader on another thread has left it.
        if (open is not null)
        {
            open.Dispose();
            await open.Closed;
        }
    }

    [LoggerMessage(4013, LogLevel.Warning, "Follower {Follower} of {Key} ({Mode}) is {State}; durable there is {Durable}, sent was {Sent}")]
    private partial void LogFollower(ReplicaKey key, string follower, FollowerMode mode, string state, long durable, long sent);

    [LoggerMessage(4014, LogLevel.Information, "Primary {Key} is handed over to {Target}: its reign of epoch {Epoch} ends when that has everything, writes wait for {Bound} at most")]
    private partial void LogHandOver(ReplicaKey key, string target, long epoch, TimeSpan bound);

    [LoggerMessage(4015, LogLevel.Information, "The hand-over of {Key} to {Target} has ended, successful: {Succeeded}. {Reason}")]
    private partial void LogHandOverEnded(ReplicaKey key, string target, bool succeeded, string reason);

    [LoggerMessage(4012, LogLevel.Warning, "Replica {Key} accepts no more writes: its reign of epoch {Epoch} is over, {From} knows of epoch {Known}")]
    private partial void LogFenced(ReplicaKey key, long epoch, long known, string from);

    [LoggerMessage(4011, LogLevel.Information, "Replica {Key} is {Role} at epoch {Epoch}, sequence {Sequence}")]
    private partial void LogRole(ReplicaKey key, ReplicaRole role, long epoch, long sequence);
}
