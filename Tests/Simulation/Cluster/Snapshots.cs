using System.Collections.Immutable;
using Sluice.Replication;
using Sluice.Storage.Log;
using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>What is recorded of a snapshot beside its checkpoint; it survives every crash.</summary>
internal sealed record KeptSnapshot(SnapshotManifest Manifest, IReadOnlyDictionary<string, DiskFile> Files)
{
    public ImmutableArray<RecordedLease> Leases { get; set; } = [];
}

/// <summary>
/// The snapshots of one replica: SnapshotShelf around the real <see cref="SnapshotLeases"/>. It differs from the real one in that records are written at once, contacts are told at once, and no disk bound is measured:
/// now and then snapshots count as holding too much.
/// </summary>
internal sealed class Snapshots(World world, Process process, Node node)
{
    private readonly SnapshotLeases leases = new();
    private readonly Dictionary<Guid, KeptSnapshot> kept = node.KeptSnapshots;
    private bool isClosed;

    public int Count => leases.Snapshots.Count;

    public int Leases => leases.Leases.Count;

    private CopyTruth Copies => node.Truth.Copies;

    /// <summary>Takes over what an earlier life has recorded.</summary>
    public void Restore(EpochHistory history, long latest)
    {
        foreach (var (id, snapshot) in kept.ToList())
        {
            if (snapshot.Leases.IsEmpty || history.Judge(snapshot.Manifest.Position(), latest, 0).Verdict == LogVerdict.Diverged)
            {
                Copies.Ended(snapshot.Leases.Select(lease => lease.Id));
                kept.Remove(id);
                continue;
            }

            leases.Restore(id, snapshot.Manifest.Position(), snapshot.Leases.Select(lease => (lease.Id, lease.Replica, lease.Transfer, node.WallClock - lease.LastContact)), node.MonotonicClock);
            foreach (var old in leases.Leases.Where(lease => world.Defect == Defect.TrustWallClock && node.WallClock - snapshot.Leases.FirstOrDefault(kept => kept.Id == lease.Id)?.LastContact > SnapshotLeases.Duration).ToList())
            {
                leases.Release(old.Id);
            }
        }
    }

    public void Open(ReplicaKey replica, Database database, EpochHistory history, Action<SnapshotOffer?> answer, Action<string> refuse)
    {
        bool CanFollow(LogPosition position) =>
            world.Defect == Defect.ShareWithoutLog || history.Judge(position, database.LatestSequence, database.FirstAvailable).Verdict == LogVerdict.Continue;

        var mine = leases.Leases.Where(held => held.Replica == replica).Select(held => held.Id).ToList();
        switch (leases.Open(replica, node.MonotonicClock, CanFollow, isFull: false, world.NewGuid()))
        {
            case OpenAnswer.Refused refused:
                refuse(refused.Reason);
                break;
            case OpenAnswer.Make:
                Make(database);
                answer(null);
                break;
            case OpenAnswer.Leased { Lease: var id }:
                var lease = leases.Leases.First(held => held.Id == id);
                Copies.Ended(mine.Where(held => held != id));
                Record();
                var manifest = kept[lease.Snapshot].Manifest;
                answer(new SnapshotOffer(id, SnapshotLeases.Duration, manifest.Position(), manifest.DatabaseId));
                break;
            default:
                answer(null);
                break;
        }
    }

    public SnapshotManifest? Manifest(Guid lease) => leases.Leases.FirstOrDefault(held => held.Id == lease) is { } held ? kept[held.Snapshot].Manifest : null;

    /// <summary>What a lease streams; null when there is no such lease.</summary>
    public (TransferLayout Layout, IReadOnlyDictionary<string, DiskFile> Files)? Stream(Guid lease)
    {
        if (leases.Leases.FirstOrDefault(held => held.Id == lease) is not { } held)
        {
            return null;
        }

        var snapshot = kept[held.Snapshot];
        return (new TransferLayout(snapshot.Manifest, held.Transfer ?? [.. Enumerable.Range(0, snapshot.Manifest.Files.Length)]), snapshot.Files);
    }

    public bool Choose(Guid lease, ImmutableArray<int> transfer)
    {
        var found = leases.Choose(lease, transfer, node.MonotonicClock);
        Record();
        return found;
    }

    public bool Renew(Guid lease) => leases.Renew(lease, node.MonotonicClock);

    public void Release(Guid lease)
    {
        Copies.Ended([lease]);
        leases.Release(lease);
        Sweep();
    }

    public void Sweep()
    {
        if (world.Defect == Defect.DropLeaseInUse && world.Chance(0.05) && leases.Leases.Count > 0)
        {
            leases.Release(leases.Leases[0].Id);
        }

        foreach (var gone in leases.Sweep(node.MonotonicClock))
        {
            kept.Remove(gone);
        }

        Record();
    }

    /// <summary>The database is closed: nothing is offered any more, what is recorded stays.</summary>
    public void Close() => isClosed = true;

    private void Make(Database database) => process.After(node.Disk.NextSync() * 4, () =>
    {
        if (isClosed)
        {
            return;
        }

        if (node.Disk.IsFull)
        {
            leases.NotMade("the disk is full", node.MonotonicClock);
            return;
        }

        var files = database.Checkpoint();
        var manifest = new SnapshotManifest
        {
            SnapshotId = world.NewGuid(),
            Shard = 0,
            Epoch = database.LatestEpoch,
            Sequence = database.LatestSequence,
            DatabaseId = database.Id,
            Files = [.. files.Select(file => new SnapshotFile(file.Key, file.Value.Length, Crc32C.Compute(file.Value.Content)))],
        };
        kept[manifest.SnapshotId] = new KeptSnapshot(manifest, files);
        leases.Made(manifest.SnapshotId, manifest.Position(), node.MonotonicClock);
    });

    private void Record()
    {
        foreach (var (id, snapshot) in kept)
        {
            snapshot.Leases =
            [
                .. leases.Leases.Where(lease => lease.Snapshot == id).Select(lease => new RecordedLease(lease.Id, lease.Replica, lease.Transfer, node.WallClock - (node.MonotonicClock - lease.LastContact))),
            ];
        }
    }
}
