using RocksDbSharp;
using Sluice.Replication;

namespace Sluice.Storage.Log;

/// <summary>
/// The log of one partition as followers see it: records read from the write-ahead log, a signal when there is something newer, and the table of what followers have
/// acknowledged. Safe for concurrent use. Closing the partition withdraws it: waiters and readers are told so.
/// </summary>
public sealed class PartitionLog : ILogSource
{
    private readonly PartitionDatabase database;
    private readonly ReplicaKey key;
    private readonly Lock gate = new();
    private readonly HashSet<LogReader> readers = [];
    private readonly FollowerTable followers;
    private long latest;
    private long writtenBytes;
    private long epoch;
    private volatile TaskCompletionSource? newer;
    private volatile bool withdrawn;

    internal PartitionLog(PartitionDatabase database, ReplicaKey key, TimeProvider timeProvider)
    {
        this.database = database;
        this.key = key;
        followers = new FollowerTable(timeProvider);
        latest = (long)database.Database.GetLatestSequenceNumber();
        followers.Advance(latest, 0);
    }

    /// <inheritdoc/>
    public long Epoch
    {
        get => Volatile.Read(ref epoch);
        set => Volatile.Write(ref epoch, value);
    }

    /// <inheritdoc/>
    public long LatestSequence => Volatile.Read(ref latest);

    /// <inheritdoc/>
    public long WrittenBytes => Interlocked.Read(ref writtenBytes);

    /// <inheritdoc/>
    public IReadOnlyList<FollowerStatus> Followers => followers.Snapshot();

    /// <summary>The oldest sequence that the log still has; one more than the newest when it has none. Reads the log's oldest file.</summary>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public long FindFirstSequence()
    {
        using var lease = database.Enter();
        try
        {
            using var iterator = database.Database.GetUpdatesSince(1);
            for (; iterator.Valid(); iterator.Next())
            {
                using var batch = iterator.GetBatch(out var sequence);
                if (batch.Count() > 0)
                {
                    return (long)sequence;
                }
            }

            return LatestSequence + 1;
        }
        catch (RocksDbException)
        {
            // The oldest file went while it was opened. Whoever asked asks again, and loses nothing but the partial sync of this once.
            return LatestSequence + 1;
        }
    }

    /// <inheritdoc/>
    public ILogReader OpenReader(long fromSequence)
    {
        if (fromSequence < 1 || fromSequence > LatestSequence + 1)
        {
            throw new LogTruncatedException(
                $"The log of {key} cannot be read from sequence {fromSequence}: it stands at {LatestSequence}, so whoever asks has another history. A full copy is needed.");
        }

        var reader = new LogReader(this, database, key, fromSequence);
        lock (gate)
        {
            ThrowIfWithdrawn();
            readers.Add(reader);
        }

        try
        {
            reader.Prepare();
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Whether the log can be read from a sequence on.</summary>
    /// <exception cref="ShardUnavailableException">The log was withdrawn.</exception>
    public bool ReachesBackTo(long sequence)
    {
        try
        {
            OpenReader(sequence).Dispose();
            return true;
        }
        catch (LogTruncatedException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitForNewerAsync(long sequence, CancellationToken cancellationToken)
    {
        ThrowIfWithdrawn();
        return LatestSequence > sequence ? ValueTask.CompletedTask : new ValueTask(WaitAsync(sequence, cancellationToken));
    }

    /// <inheritdoc/>
    public ILogFollower Follow(ReplicaKey replica, FollowerMode mode, long from) => followers.Join(replica.Node, mode, from);

    /// <summary>What each follower lacks and has.</summary>
    internal IReadOnlyList<FollowerPressure> Pressures() => followers.Pressures();

    /// <summary>The followers that have become hung, or are no longer, since this was asked last.</summary>
    internal IReadOnlyList<(LogFollower Follower, bool IsHung)> TakeChanges() => followers.TakeChanges();

    /// <summary>Waits until so many replicas have made a sequence durable, or the time is over.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="count">How many replicas.</param>
    /// <param name="timeout">Zero does not wait at all; <see cref="Timeout.InfiniteTimeSpan"/> waits without end (WAIT's timeout of 0).</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many replicas have, more or fewer than <paramref name="count"/>.</returns>
    /// <exception cref="ShardUnavailableException">The log was withdrawn meanwhile.</exception>
    public Task<int> WaitForReplicasAsync(long sequence, int count, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfWithdrawn();
        return followers.WaitAsync(sequence, count, timeout, cancellationToken);
    }

    /// <summary>So many bytes have been written, by clients or by a primary's log; to be told before <see cref="Advance"/>.</summary>
    internal void CountWritten(long bytes) => Interlocked.Add(ref writtenBytes, bytes);

    /// <summary>The database stands at a new sequence.</summary>
    internal void Advance(long sequence)
    {
        followers.Advance(sequence, WrittenBytes);
        Volatile.Write(ref latest, sequence);
        // The write above must not be seen after this read: a waiter that enters between them reads the sequence once more.
        Interlocked.MemoryBarrier();
        if (newer is not null)
        {
            Interlocked.Exchange(ref newer, null)?.TrySetResult();
        }
    }

    /// <summary>No more readers and waiters; those that there are end with <see cref="ShardUnavailableException"/>.</summary>
    internal void Withdraw()
    {
        LogReader[] open;
        lock (gate)
        {
            withdrawn = true;
            open = [.. readers];
            readers.Clear();
        }

        foreach (var reader in open)
        {
            reader.Withdraw();
        }

        Interlocked.Exchange(ref newer, null)?.TrySetResult();
        followers.Withdraw(Withdrawn());
    }

    internal void Forget(LogReader reader)
    {
        lock (gate)
        {
            readers.Remove(reader);
        }
    }

    internal ShardUnavailableException Withdrawn() => new($"The log of {key} is closed on this node; ask again when the replica has been opened.");

    private async Task WaitAsync(long sequence, CancellationToken cancellationToken)
    {
        while (LatestSequence <= sequence)
        {
            ThrowIfWithdrawn();
            var signal = newer;
            if (signal is null)
            {
                var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                signal = Interlocked.CompareExchange(ref newer, fresh, null) ?? fresh;
            }

            // Only now: what is written from here on finds the signal.
            if (LatestSequence <= sequence && !withdrawn)
            {
                await signal.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        ThrowIfWithdrawn();
    }

    private void ThrowIfWithdrawn()
    {
        if (withdrawn)
        {
            throw Withdrawn();
        }
    }
}
