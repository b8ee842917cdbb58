using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>
/// What this node offers to the replication listener: leased snapshots and logs. ShardGrains enter and withdraw them; the listener, which runs outside any
/// grain, looks them up. It is the only meeting point of grains and data plane on the sending side.
/// </summary>
public sealed class ReplicationSources
{
    private readonly ConcurrentDictionary<Guid, ISnapshotSource> snapshots = new();
    private readonly ConcurrentDictionary<ReplicaKey, ILogSource> logs = new();

    /// <summary>Offers a leased snapshot until the registration is disposed of.</summary>
    public IDisposable OfferSnapshot(Guid lease, ISnapshotSource source)
    {
        snapshots[lease] = source;
        return new Registration(() => snapshots.TryRemove(new(lease, source)));
    }

    /// <summary>Offers a replica's log until the registration is disposed of.</summary>
    public IDisposable OfferLog(ReplicaKey key, ILogSource source)
    {
        logs[key] = source;
        return new Registration(() => logs.TryRemove(new(key, source)));
    }

    /// <summary>The logs that this node offers.</summary>
    public IEnumerable<KeyValuePair<ReplicaKey, ILogSource>> Logs => logs;

    /// <summary>The snapshot of a lease, or null when there is none (any more).</summary>
    public ISnapshotSource? FindSnapshot(Guid lease) => snapshots.GetValueOrDefault(lease);

    /// <summary>A replica's log, or null when this node does not offer it (any more).</summary>
    public ILogSource? FindLog(ReplicaKey key) => logs.GetValueOrDefault(key);

    private sealed class Registration(Action withdraw) : IDisposable
    {
        public void Dispose() => withdraw();
    }
}

/// <summary>A leased snapshot: the files that one sync will be sent, in order.</summary>
public interface ISnapshotSource
{
    /// <summary>The lease whose <see cref="SnapshotLease.Transfer"/> is sent.</summary>
    SnapshotLease Lease { get; }

    /// <summary>Opens a file of the manifest for reading. The caller disposes of the handle.</summary>
    SafeFileHandle OpenFile(int fileIndex);

    /// <summary>The sync has asked for data or acknowledged some: the lease is alive.</summary>
    void Touch();

    /// <summary>A file is shorter than the manifest says, or cannot be read: nobody can finish a copy from this snapshot.</summary>
    void Damaged(string reason);
}

/// <summary>A replica's log, from the database's write-ahead log. Safe for concurrent use.</summary>
public interface ILogSource
{
    /// <summary>The epoch of this replica's reign as primary.</summary>
    long Epoch { get; }

    /// <summary>The newest sequence.</summary>
    long LatestSequence { get; }

    /// <summary>Bytes that were written to it since it was opened; 0 when that is not counted.</summary>
    long WrittenBytes => 0;

    /// <summary>Reads the log from a sequence on.</summary>
    /// <exception cref="LogTruncatedException">The log no longer reaches back so far, or the sequence lies in the future.</exception>
    ILogReader OpenReader(long fromSequence);

    /// <summary>Ends when there is something newer than <paramref name="sequence"/>, or the source is withdrawn (<see cref="ShardUnavailableException"/>).</summary>
    ValueTask WaitForNewerAsync(long sequence, CancellationToken cancellationToken);

    /// <summary>The replicas that follow this log at present.</summary>
    IReadOnlyList<FollowerStatus> Followers { get; }

    /// <summary>A replica begins to follow this log.</summary>
    /// <param name="replica">Which one.</param>
    /// <param name="mode">What it does with what it gets.</param>
    /// <param name="from">The first sequence that it wants.</param>
    ILogFollower Follow(ReplicaKey replica, FollowerMode mode, long from);
}

/// <summary>One connection of a follower, as its source sees it; disposed of when the connection ends. Safe for concurrent use.</summary>
public interface ILogFollower : IDisposable
{
    /// <summary>A frame with records is about to be sent.</summary>
    /// <param name="sequence">The newest sequence that is whole with it.</param>
    /// <param name="bytes">Bytes of frames on this connection, it included.</param>
    void Sending(long sequence, long bytes);

    /// <summary>An acknowledgement has come.</summary>
    /// <param name="durable">Everything up to this sequence is durable; null: not said yet.</param>
    /// <param name="consumed">Bytes of frames that were taken in.</param>
    void Acknowledged(long? durable, long consumed);

    /// <summary>How far somebody is behind who stands at a sequence.</summary>
    LogProgress ProgressAt(long sequence);
}

/// <summary>A cursor over a log. Not safe for concurrent use.</summary>
public interface ILogReader : IDisposable
{
    /// <summary>The next record, or null at the log's present end. May be called again later.</summary>
    /// <exception cref="LogTruncatedException">The log was purged before it was read.</exception>
    LogRecord? TryRead();
}
