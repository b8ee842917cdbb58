using System.Collections.Concurrent;
using Sluice.Configuration;

namespace Sluice.Sync;

/// <summary>
/// What the snapshots of all of a node's replicas hold on its disk beyond the live files, and which replica has to give one up when it is too much: the one whose snapshot was out of use for the longest
/// time. Too much is more than <c>snapshot-max-disk-bytes</c>, or, whatever that says, anything at all while the disk is nearly full: a copy that somebody may come back to is worth less than the node's next write.
/// Safe for concurrent use.
/// </summary>
internal sealed class SnapshotDisk(LiveConfiguration configuration)
{
    // RocksDB needs room for its next compaction, and people need time to react: the twentieth part of a disk, as file systems keep for root.
    private const double NearlyFull = 0.05;

    private readonly ConcurrentDictionary<ReplicaKey, Shelf> shelves = new();

    /// <summary>Tells how full a directory's disk is: bytes that are free, and bytes in all. Tests have disks of their own.</summary>
    public Func<string, (long Free, long Total)> Space { get; set; } = static directory =>
    {
        var drive = new DriveInfo(directory);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    };

    /// <summary>Bytes that the snapshots of all replicas hold beyond the live files.</summary>
    public long HeldBytes => shelves.Values.Sum(shelf => shelf.HeldBytes);

    /// <summary>Snapshots hold more than they may.</summary>
    public bool IsOverBound => configuration.SnapshotMaxDiskBytes is > 0 and var bound && HeldBytes > bound;

    /// <summary>A replica tells what its snapshots hold, and when the one that it would give up first was last used (on the monotonic clock); null: all are in use.</summary>
    public void Tell(ReplicaKey replica, long heldBytes, TimeSpan? oldestUnused) => shelves[replica] = new Shelf(heldBytes, oldestUnused);

    /// <summary>A replica is closed.</summary>
    public void Leave(ReplicaKey replica) => shelves.TryRemove(replica, out _);

    /// <summary>Whether a replica must give up the snapshot that was out of use for the longest time. Its figures change with that: it asks again when it has told the new ones.</summary>
    public bool MustGiveUp(ReplicaKey replica, string directory) =>
        shelves.TryGetValue(replica, out var mine)
        && mine is { HeldBytes: > 0, OldestUnused: { } oldest }
        && (IsOverBound || IsNearlyFull(directory))
        && shelves.All(other => other.Value.HeldBytes == 0 || other.Value.OldestUnused is not { } use || use >= oldest);

    /// <summary>Why no checkpoint can be made on this disk; null: one can.</summary>
    /// <param name="directory">A directory of the disk.</param>
    /// <param name="neededBytes">What a checkpoint writes: the memtables that it flushes, and small files.</param>
    public string? CannotMake(string directory, long neededBytes)
    {
        var (free, _) = Space(directory);
        return free < neededBytes
            ? FormattableString.Invariant($"its disk has {free >> 20} MiB free, and a snapshot begins with writing up to {neededBytes >> 20} MiB of what is in memory: make room there, or copy from another replica (FROM)")
            : null;
    }

    private bool IsNearlyFull(string directory)
    {
        var (free, total) = Space(directory);
        return free < total * NearlyFull;
    }

    private readonly record struct Shelf(long HeldBytes, TimeSpan? OldestUnused);
}
