using RocksDbSharp;
using Sluice.Replication;

namespace Sluice.Storage.Log;

/// <summary>
/// A cursor over the write-ahead log. RocksDB's log iterator sees what has been written to the files, and ends at their present end; it can go on later
/// within the same file, but not into a file that was begun after it was opened: then a new iterator is opened at the next sequence. RocksDB does not say
/// when old files are gone, nor when there is a hole: each record is checked to follow the last one.
/// Not safe for concurrent use, except that the partition may be closed meanwhile.
/// </summary>
internal sealed class LogReader(PartitionLog log, PartitionDatabase database, ReplicaKey key, long fromSequence) : ILogReader
{
    /// <summary>A file can be removed between RocksDB's listing of the log and its opening; the second listing does not name it.</summary>
    private const int OpenAttempts = 2;

    // Guards the native iterator against the closing of the partition on another thread.
    private readonly Lock gate = new();
    private TransactionLogIterator? iterator;
    private LogRecord? first;
    private long next = fromSequence;
    private bool closed;

    /// <summary>Makes sure that the log reaches back to the first sequence.</summary>
    /// <exception cref="LogTruncatedException">It does not, or the sequence lies within a record: another history.</exception>
    public void Prepare()
    {
        lock (gate)
        {
            ThrowIfClosed();
            using var lease = database.Enter();
            if (next <= log.LatestSequence)
            {
                first = OpenAndTake();
            }
        }
    }

    /// <inheritdoc/>
    public LogRecord? TryRead()
    {
        lock (gate)
        {
            ThrowIfClosed();
            if (next > log.LatestSequence)
            {
                return null;
            }

            using var lease = database.Enter();
            var record = first ?? TakeNext() ?? OpenAndTake();
            first = null;
            next = record.Sequence + record.Count;
            return record;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Withdraw();
        log.Forget(this);
    }

    /// <summary>The partition is being closed: the native iterator must go before the database.</summary>
    public void Withdraw()
    {
        lock (gate)
        {
            closed = true;
            CloseIterator();
        }
    }

    /// <summary>The next record that the present iterator has; null at its end, which is not the log's.</summary>
    private LogRecord? TakeNext()
    {
        if (iterator is null)
        {
            return null;
        }

        for (iterator.Next(); iterator.Valid(); iterator.Next())
        {
            var record = Take(iterator);
            if (record.Count == 0)
            {
                continue;
            }

            return record.Sequence == next ? record : throw Truncated($"the next record there is begins at {record.Sequence}", null);
        }

        return null;
    }

    /// <summary>Opens an iterator at the next sequence, of which RocksDB has said that it is written, and takes its record.</summary>
    private LogRecord OpenAndTake()
    {
        for (var attempt = 1; ; attempt++)
        {
            CloseIterator();
            try
            {
                iterator = database.Database.GetUpdatesSince((ulong)next);
                for (; iterator.Valid(); iterator.Next())
                {
                    var record = Take(iterator);
                    if (record.Sequence + record.Count <= next)
                    {
                        continue;
                    }

                    return record.Sequence == next ? record : throw Truncated(
                        record.Sequence > next ? $"it begins at {record.Sequence} by now" : $"that lies within the record from {record.Sequence} to {record.Sequence + record.Count - 1}", null);
                }

                iterator.Status();
                throw Truncated("there is no record from there on", null);
            }
            catch (RocksDbException exception) when (attempt == OpenAttempts)
            {
                throw Truncated(exception.Message, exception);
            }
            catch (RocksDbException)
            {
                // Tried once more.
            }
        }
    }

    private static LogRecord Take(TransactionLogIterator iterator)
    {
        using var batch = iterator.GetBatch(out var sequence);
        return new LogRecord((long)sequence, batch.Count(), batch.ToBytes());
    }

    private LogTruncatedException Truncated(string reason, Exception? inner)
    {
        var message = $"The log of {key} cannot be read from sequence {next}: {reason}. A full copy is needed.";
        return inner is null ? new LogTruncatedException(message) : new LogTruncatedException(message, inner);
    }

    private void CloseIterator()
    {
        iterator?.Dispose();
        iterator = null;
    }

    private void ThrowIfClosed()
    {
        if (closed)
        {
            throw log.Withdrawn();
        }
    }
}
