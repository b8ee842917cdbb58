using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Configuration;
using Sluice.Placement;
using Sluice.Replication;
using Sluice.Storage;
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

    private ReplicaKey key;
    private readonly WriteThrottle throttle = new(configuration, time, logger);
    private PartitionDirectory directory = null!;
    private Partition? partition;
    private SnapshotShelf? shelf;
    private IDisposable? logOffer;
    private ShardAssignment? assignment;
    private readonly Fence fence = new();

    // Commands wait while it is set: during a planned change of primary, and while a copy replaces the data.
    private TaskCompletionSource? held;

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
        while (held is { } hold)
        {
            await hold.Task;
        }

        var open = Opened();
        var (replies, written) = open.Execute(batch, writable: fence.MayWrite);
        if (written > 0)
        {
            await open.WhenDurableAsync(written);
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
    public async Task WaitForSequence(long sequence, TimeSpan timeout)
    {
        var deadline = time.GetUtcNow() + timeout;
        var open = Opened();
        while (open.LatestSequence < sequence)
        {
            var left = deadline - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"Replica {key} is at sequence {open.LatestSequence}, not yet at {sequence}, after {timeout.TotalSeconds:0.#} s.");
            }

            using var limit = new CancellationTokenSource(left, time);
            await open.Log.WaitForNewerAsync(open.LatestSequence, limit.Token).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <inheritdoc/>
    public Task<long> PauseWrites(long epoch, TimeSpan duration)
    {
        if (Role != ReplicaRole.Primary || assignment!.Epoch != epoch)
        {
            throw new ShardUnavailableException($"Replica {key} is not the primary of epoch {epoch}: it is {Role} at epoch {assignment?.Epoch ?? 0}.");
        }

        var pause = held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        this.RegisterGrainTimer(
            _ =>
            {
                Resume(pause);
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(duration, Timeout.InfiniteTimeSpan) { Interleave = true });
        return Task.FromResult(Opened().LatestSequence);
    }

    /// <inheritdoc/>
    public async Task Assign(ShardAssignment next)
    {
        var before = Role;
        var epochBefore = assignment?.Epoch ?? 0;
        if (!fence.Assign(next.RoleOf(key.Node), next.Epoch))
        {
            return;
        }

        assignment = next;
        if (Role == ReplicaRole.None)
        {
            await CloseAsync();
            directory.Remove();
            return;
        }

        if (partition is null)
        {
            OpenPartition();
        }

        if (before != Role || epochBefore != next.Epoch)
        {
            LogRole(key, Role, next.Epoch, partition!.LatestSequence);
            partition.Log.Epoch = next.Epoch;
            if (Role == ReplicaRole.Primary)
            {
                await partition.BeginReignAsync(next.Epoch);
                fence.Begin(next.Epoch);
            }
        }

        if (held is { } pause)
        {
            Resume(pause);
        }
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

        while (Role == ReplicaRole.Primary && held is null && partition?.ExpireDue(ExpirySweep) == ExpirySweep)
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

    [LoggerMessage(4012, LogLevel.Warning, "Replica {Key} accepts no more writes: its reign of epoch {Epoch} is over, {From} knows of epoch {Known}")]
    private partial void LogFenced(ReplicaKey key, long epoch, long known, string from);

    [LoggerMessage(4011, LogLevel.Information, "Replica {Key} is {Role} at epoch {Epoch}, sequence {Sequence}")]
    private partial void LogRole(ReplicaKey key, ReplicaRole role, long epoch, long sequence);
}
