using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Sluice.Replication;
using Sluice.Storage;

namespace Sluice.Sync;

/// <summary>
/// The snapshots of one replica that is copied from: the shell of <see cref="SnapshotLeases"/>. It makes checkpoints off the grain's turn, records manifests and leases beside them, offers leased ones to the data plane and
/// deletes what is of no use any more. Nothing of it makes the replica's clients wait, and a failure is told to the sync that asked and to nobody else.
/// It belongs to its grain's turns; only what <see cref="LeasedSnapshot"/> hears comes from elsewhere.
/// </summary>
internal sealed partial class SnapshotShelf : IAsyncDisposable
{
    /// <summary>Contacts are recorded this often; what a crash loses of them is small beside a lease's grace.</summary>
    public static readonly TimeSpan RecordInterval = TimeSpan.FromMinutes(1);

    // Files that only snapshots hold grow with compactions: a matter of minutes. Looking costs a system call a file.
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromSeconds(5);

    // RocksDB's own small files, and what is written while the checkpoint is made.
    private const long SpareBytes = 64L << 20;

    private readonly ReplicaKey key;
    private readonly string directory;
    private readonly ReplicationSources sources;
    private readonly SnapshotDisk disk;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SnapshotRecords records;
    private readonly SnapshotLeases leases = new();
    private readonly Dictionary<Guid, SnapshotManifest> manifests = [];
    private readonly Dictionary<Guid, LeasedSnapshot> offers = [];

    // What was changed since it was recorded, and since when.
    private readonly Dictionary<Guid, TimeSpan> recordedAt = [];
    private readonly CancellationTokenSource stopping = new();
    private Task diskWork = Task.CompletedTask;
    private Task making = Task.CompletedTask;
    private TimeSpan measuredAt;
    private bool measuring;

    /// <summary>Takes over what an earlier process left: its snapshots whose position is in the present history go on, everything else is deleted. Blocks on the disk.</summary>
    /// <param name="key">The replica.</param>
    /// <param name="directory">Where its snapshots are.</param>
    /// <param name="isInHistory">Whether a position is in the replica's present history.</param>
    /// <param name="sources">Where leased snapshots are offered.</param>
    /// <param name="disk">The node's bound.</param>
    /// <param name="time">The clock: a monotonic one for leases, a wall clock for records.</param>
    /// <param name="logger">Hears what is made and what goes.</param>
    public SnapshotShelf(ReplicaKey key, string directory, Func<LogPosition, bool> isInHistory, ReplicationSources sources, SnapshotDisk disk, TimeProvider time, ILogger logger)
    {
        this.key = key;
        this.directory = directory;
        this.sources = sources;
        this.disk = disk;
        this.time = time;
        this.logger = logger;
        records = new SnapshotRecords(directory);
        foreach (var (manifest, kept) in records.Load())
        {
            if (!isInHistory(manifest.Position()))
            {
                LogOtherHistory(key, manifest.SnapshotId, manifest.Epoch, manifest.Sequence);
                records.Delete(manifest.SnapshotId);
                continue;
            }

            manifests[manifest.SnapshotId] = manifest;
            var wall = time.GetUtcNow();
            leases.Restore(manifest.SnapshotId, manifest.Position(), kept.Select(lease => (lease.Id, lease.Replica, lease.Transfer, wall - lease.LastContact)), Now);
            LogRestored(key, manifest.SnapshotId, manifest.Sequence, kept.Count);
        }

        foreach (var lease in leases.Leases)
        {
            Offer(lease);
        }
    }

    /// <summary>Snapshots kept on disk.</summary>
    public int Count => leases.Snapshots.Count;

    /// <summary>Leases on them.</summary>
    public int Leases => leases.Leases.Count;

    /// <summary>Bytes that they hold beyond the live files, as they were measured last.</summary>
    public long HeldBytes { get; private set; }

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Leases a snapshot, or begins to make one.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="partition">The replica's open partition.</param>
    /// <param name="canFollow">Whether a position is in the present history and the log can be read from there on.</param>
    /// <returns>Null while it is being made.</returns>
    /// <exception cref="SnapshotRefusedException">It cannot be made.</exception>
    public async Task<SnapshotOffer?> OpenAsync(SnapshotRequest request, Partition partition, Func<LogPosition, bool> canFollow)
    {
        Hear();
        switch (leases.Open(request.Replica, Now, canFollow, disk.IsOverBound, Guid.NewGuid()))
        {
            case OpenAnswer.Refused refused:
                throw new SnapshotRefusedException(refused.Reason);
            case OpenAnswer.Make:
                making = MakeAsync(partition);
                return null;
            case OpenAnswer.Leased { Lease: var id }:
                var lease = leases.Leases.First(held => held.Id == id);
                Withdraw();
                var manifest = Offer(lease).Lease.Manifest;

                // A crash between the answer and the record would cost the replica the lease that it was told of.
                await RecordAsync(lease.Snapshot);
                return new SnapshotOffer(id, SnapshotLeases.Duration, manifest.Position(), manifest.DatabaseId);
            default:
                return null;
        }
    }

    /// <summary>Sets the files that a lease streams. False when there is no such lease.</summary>
    /// <exception cref="SnapshotRefusedException">The manifest has no such files.</exception>
    public async Task<bool> ChooseAsync(Guid lease, ImmutableArray<int> transfer)
    {
        if (!offers.TryGetValue(lease, out var offer) || offer.Damage is not null)
        {
            return false;
        }

        try
        {
            _ = new TransferLayout(offer.Lease.Manifest, transfer);
        }
        catch (InvalidManifestException error)
        {
            throw new SnapshotRefusedException(error.Message, error);
        }

        leases.Choose(lease, transfer, Now);
        offer.Choose(transfer);
        await RecordAsync(offer.Lease.Manifest.SnapshotId);
        return true;
    }

    /// <summary>Extends a lease. False when there is none, or its snapshot is damaged.</summary>
    public bool Renew(Guid lease) => (!offers.TryGetValue(lease, out var offer) || offer.Damage is null) && leases.Renew(lease, Now);

    /// <summary>Gives a lease back.</summary>
    public void Release(Guid lease)
    {
        leases.Release(lease);
        Sweep();
    }

    /// <summary>Takes back what has lapsed, gives up what there is no room for, and records what has changed. To be called again and again.</summary>
    public void Sweep()
    {
        Hear();
        var now = Now;
        if (Count == 0)
        {
            HeldBytes = 0;
            disk.Leave(key);
            return;
        }

        foreach (var damaged in offers.Values.Where(offer => offer.Damage is not null).DistinctBy(offer => offer.Lease.Manifest.SnapshotId).ToList())
        {
            LogDamaged(key, damaged.Lease.Manifest.SnapshotId, damaged.Damage!);
            GiveUp(damaged.Lease.Manifest.SnapshotId);
        }

        foreach (var gone in leases.Sweep(now))
        {
            LogGone(key, gone);
            Delete(gone);
        }

        Withdraw();
        foreach (var snapshot in leases.Snapshots.Where(snapshot => now - recordedAt.GetValueOrDefault(snapshot.Id, now) >= RecordInterval).ToList())
        {
            _ = RecordAsync(snapshot.Id);
        }

        if (now - measuredAt >= MeasureInterval && !measuring)
        {
            measuring = true;
            _ = MeasureAsync();
        }
    }

    /// <summary>Offers nothing more. What is on the disk stays for the next process.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        await stopping.CancelAsync();
        foreach (var offer in offers.Values)
        {
            offer.Dispose();
        }

        offers.Clear();
        disk.Leave(key);
        await making;
        await diskWork;
        stopping.Dispose();
    }

    private async Task MakeAsync(Partition partition)
    {
        var id = Guid.NewGuid();
        try
        {
            Directory.CreateDirectory(directory);
            if (disk.CannotMake(directory, partition.UnflushedBytes + SpareBytes) is { } reason)
            {
                throw new SnapshotRefusedException($"Replica {key} makes no snapshot: {reason}.");
            }

            var manifest = await partition.CreateSnapshotAsync(records.CheckpointOf(id), id, stopping.Token);
            manifests[id] = manifest;
            leases.Made(id, manifest.Position(), Now);
            LogMade(key, manifest.Files.Length, manifest.TotalBytes(), manifest.Sequence);
        }
        catch (Exception error)
        {
            // Whoever asked hears it when he asks again; the replica goes on as it was.
            leases.NotMade(error is SnapshotRefusedException ? error.Message : $"Replica {key} could not make a snapshot: {error.Message}", Now);
            LogNotMade(error, key);
            await InTurnAsync(() => records.Delete(id));
        }
    }

    // The contacts that the data plane has heard since.
    private void Hear()
    {
        foreach (var (lease, offer) in offers)
        {
            leases.Renew(lease, offer.TouchedAt);
        }
    }

    private LeasedSnapshot Offer(HeldLease lease)
    {
        if (!offers.TryGetValue(lease.Id, out var offer))
        {
            offers[lease.Id] = offer = new LeasedSnapshot(lease, manifests[lease.Snapshot], records.CheckpointOf(lease.Snapshot), sources, time);
        }

        return offer;
    }

    // Offers whose lease is gone.
    private void Withdraw()
    {
        foreach (var lease in offers.Keys.Except(leases.Leases.Select(held => held.Id)).ToList())
        {
            offers[lease].Dispose();
            offers.Remove(lease);
        }
    }

    private void GiveUp(Guid snapshot)
    {
        leases.Drop(snapshot);
        Withdraw();
        Delete(snapshot);
    }

    private void Delete(Guid snapshot)
    {
        manifests.Remove(snapshot);
        recordedAt.Remove(snapshot);
        _ = InTurnAsync(() => records.Delete(snapshot));
    }

    private async Task RecordAsync(Guid snapshot)
    {
        var now = Now;
        var wall = time.GetUtcNow();
        recordedAt[snapshot] = now;
        RecordedLease[] picture =
        [
            .. leases.Leases.Where(lease => lease.Snapshot == snapshot).Select(lease => new RecordedLease(lease.Id, lease.Replica, lease.Transfer, wall - (now - lease.LastContact))),
        ];
        var manifest = manifests[snapshot];
        await InTurnAsync(() => records.Write(manifest, picture));
    }

    // One after the other, so that the newest picture is the last one that is written. A disk that refuses is asked again at the next recording: meanwhile the lease lives in memory.
    private Task InTurnAsync(Action work)
    {
        var before = diskWork;
        return diskWork = Task.Run(async () =>
        {
            await before.ConfigureAwait(false);
            try
            {
                work();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogDiskRefused(error, key);
            }
        });
    }

    private async Task MeasureAsync()
    {
        var checkpoints = leases.Snapshots.Select(snapshot => records.CheckpointOf(snapshot.Id)).ToList();
        var held = await Task.Run(() => FileLinks.HeldBytes(checkpoints.SelectMany(FileLinksReader.Of)));
        measuring = false;
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        HeldBytes = held;
        measuredAt = Now;
        var oldest = leases.OldestUnused(Now);
        disk.Tell(key, held, oldest?.LastUse);
        if (oldest is { Snapshot: var snapshot } && disk.MustGiveUp(key, directory))
        {
            LogNoRoom(key, snapshot, held);
            GiveUp(snapshot);

            // Of two snapshots that shared files the other one may hold enough again to go as well: looked at at once.
            measuredAt = default;
        }
    }

    [LoggerMessage(4111, LogLevel.Information, "Shard {Key} made a snapshot of {Files} files, {Bytes} bytes, at sequence {Sequence}")]
    private partial void LogMade(ReplicaKey key, int files, long bytes, long sequence);

    [LoggerMessage(4112, LogLevel.Information, "Shard {Key} removed snapshot {Snapshot}: its last lease is gone")]
    private partial void LogGone(ReplicaKey key, Guid snapshot);

    [LoggerMessage(4113, LogLevel.Information, "Shard {Key} goes on with snapshot {Snapshot} at sequence {Sequence}, leased by {Leases}")]
    private partial void LogRestored(ReplicaKey key, Guid snapshot, long sequence, int leases);

    [LoggerMessage(4114, LogLevel.Warning, "Shard {Key} removed snapshot {Snapshot}: epoch {Epoch}, sequence {Sequence} is not in its present history")]
    private partial void LogOtherHistory(ReplicaKey key, Guid snapshot, long epoch, long sequence);

    [LoggerMessage(4115, LogLevel.Error, "Shard {Key} removed snapshot {Snapshot}, whose files are damaged: {Reason}")]
    private partial void LogDamaged(ReplicaKey key, Guid snapshot, string reason);

    [LoggerMessage(4116, LogLevel.Warning, "Shard {Key} gave up snapshot {Snapshot}: snapshots hold {Held} bytes beyond the live files, and nobody has used it for long")]
    private partial void LogNoRoom(ReplicaKey key, Guid snapshot, long held);

    [LoggerMessage(4117, LogLevel.Error, "Shard {Key} could not make a snapshot; it goes on serving")]
    private partial void LogNotMade(Exception error, ReplicaKey key);

    [LoggerMessage(4118, LogLevel.Error, "Shard {Key}: the disk refused a record of its snapshots")]
    private partial void LogDiskRefused(Exception error, ReplicaKey key);
}
