using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Sluice.Replication;
using Sluice.Storage;

namespace Sluice.Sync;

/// <summary>
/// The snapshots of one primary: made off the grain's turn, shared by all syncs that ask while one is fresh, each sync with a lease of its own. A snapshot goes with its last
/// lease. It belongs to its grain's turns; only <see cref="LeasedSnapshot.Touch"/> comes from elsewhere.
/// </summary>
internal sealed partial class SnapshotShelf(ReplicaKey key, string directory, ReplicationSources sources, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>A lease lapses when its sync was not heard of for so long: long enough for a node to be repaired.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromHours(1);

    // Syncs that begin within this time of each other share a snapshot; a later one gets a fresh one, so that it has less log to catch up with.
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    private readonly List<LeasedSnapshot> leases = [];
    private Task<SnapshotManifest>? making;
    private SnapshotManifest? newest;
    private DateTimeOffset newestAt;

    /// <summary>Snapshots kept on disk.</summary>
    public int Count => leases.Select(lease => lease.Lease.Manifest.SnapshotId).Distinct().Count();

    /// <summary>Leases a snapshot, or begins to make one.</summary>
    /// <returns>Null while it is being made.</returns>
    public SnapshotLease? Open(SnapshotRequest request, Partition partition, long epoch)
    {
        if (leases.Find(lease => lease.Replica == request.Replica && lease.Lease.Manifest.Epoch == epoch) is { } mine)
        {
            mine.Touch();
            return mine.Lease;
        }

        if (newest is not null && newest.Epoch == epoch && Directory.Exists(PathOf(newest.SnapshotId)) && time.GetUtcNow() - newestAt < Fresh)
        {
            return AddLease(request, newest);
        }

        if (making is null)
        {
            making = MakeAsync(partition, epoch);
            return null;
        }

        if (!making.IsCompleted)
        {
            return null;
        }

        var made = making;
        making = null;
        newest = made.GetAwaiter().GetResult();
        newestAt = time.GetUtcNow();
        LogMade(key, newest.Files.Length, newest.TotalBytes(), newest.Sequence);
        return newest.Epoch == epoch ? AddLease(request, newest) : null;
    }

    /// <summary>Extends a lease. False when there is none.</summary>
    public bool Renew(Guid lease)
    {
        var found = leases.Find(candidate => candidate.Lease.Id == lease);
        found?.Touch();
        return found is not null;
    }

    /// <summary>Gives a lease back.</summary>
    public void Release(Guid lease) => RemoveWhere(candidate => candidate.Lease.Id == lease);

    /// <summary>Takes leases back that have lapsed.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        RemoveWhere(lease => now - lease.TouchedAt > LeaseDuration);
    }

    /// <summary>Takes all leases back.</summary>
    public void Dispose() => RemoveWhere(_ => true);

    private async Task<SnapshotManifest> MakeAsync(Partition partition, long epoch)
    {
        var id = Guid.NewGuid();
        Directory.CreateDirectory(directory);
        return await partition.CreateSnapshotAsync(PathOf(id), id, epoch);
    }

    private SnapshotLease AddLease(SnapshotRequest request, SnapshotManifest manifest)
    {
        var lease = new SnapshotLease
        {
            Id = Guid.NewGuid(),
            Manifest = manifest,
            Transfer = [.. Enumerable.Range(0, manifest.Files.Length).Where(index => !request.Held.Contains(manifest.Files[index]))],
            Duration = LeaseDuration,
        };
        leases.Add(new LeasedSnapshot(request.Replica, lease, PathOf(manifest.SnapshotId), sources, time));
        return lease;
    }

    private string PathOf(Guid snapshot) => Path.Combine(directory, snapshot.ToString("N"));

    private void RemoveWhere(Predicate<LeasedSnapshot> gone)
    {
        foreach (var lease in leases.FindAll(gone))
        {
            lease.Dispose();
            leases.Remove(lease);
            if (leases.TrueForAll(other => other.Lease.Manifest.SnapshotId != lease.Lease.Manifest.SnapshotId))
            {
                LogGone(key, lease.Lease.Manifest.SnapshotId);
                Directory.Delete(lease.Directory, recursive: true);
            }
        }
    }

    [LoggerMessage(4111, LogLevel.Information, "Shard {Key} made a snapshot of {Files} files, {Bytes} bytes, at sequence {Sequence}")]
    private partial void LogMade(ReplicaKey key, int files, long bytes, long sequence);

    [LoggerMessage(4112, LogLevel.Information, "Shard {Key} removed snapshot {Snapshot}: its last lease is gone")]
    private partial void LogGone(ReplicaKey key, Guid snapshot);
}

/// <summary>One sync's lease, as the data plane sees it.</summary>
internal sealed class LeasedSnapshot : ISnapshotSource, IDisposable
{
    private readonly TimeProvider time;
    private readonly IDisposable offer;
    private long touchedTicks;

    public LeasedSnapshot(ReplicaKey replica, SnapshotLease lease, string directory, ReplicationSources sources, TimeProvider time)
    {
        Replica = replica;
        Lease = lease;
        Directory = directory;
        this.time = time;
        Touch();
        offer = sources.OfferSnapshot(lease.Id, this);
    }

    /// <summary>Whose lease it is.</summary>
    public ReplicaKey Replica { get; }

    /// <inheritdoc/>
    public SnapshotLease Lease { get; }

    /// <summary>The snapshot's directory.</summary>
    public string Directory { get; }

    /// <summary>When the sync was last heard of.</summary>
    public DateTimeOffset TouchedAt => new(Interlocked.Read(ref touchedTicks), TimeSpan.Zero);

    /// <inheritdoc/>
    public SafeFileHandle OpenFile(int fileIndex) =>
        File.OpenHandle(Path.Combine(Directory, Lease.Manifest.Files[fileIndex].Name), options: FileOptions.SequentialScan);

    /// <inheritdoc/>
    public void Touch() => Interlocked.Exchange(ref touchedTicks, time.GetUtcNow().UtcTicks);

    /// <summary>Offers it no more.</summary>
    public void Dispose() => offer.Dispose();
}
