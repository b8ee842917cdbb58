using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// Reads the write-ahead log, batch by batch.
/// <para>The first batch is the one that holds the sequence asked for, or, where the log no longer reaches that far back, the first one
/// after it: compare <see cref="GetBatch"/>'s sequence to notice the gap. An iterator that is not valid although the database's latest
/// sequence is not below the one asked for means the same.</para>
/// <para>At the end of the log the iterator becomes invalid. Written meanwhile, more can be read by <see cref="Next"/> from the same
/// iterator until the log is switched to another file; then <see cref="Status"/> says so (TryAgain), and a new iterator is needed.</para>
/// </summary>
public class TransactionLogIterator : IDisposable
{
    private readonly LogIteratorSafeHandle _handle;
    private bool _started;

    private TransactionLogIterator(LogIteratorSafeHandle handle) => _handle = handle;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => _handle.Pointer;

    /// <summary>Whether the iterator stands on a batch.</summary>
    public bool Valid()
    {
        bool valid = DataApi.rocksdb_wal_iter_valid(InUse()) != 0;
        _started |= valid;
        return valid;
    }

    /// <summary>Moves to the following batch.</summary>
    /// <exception cref="InvalidOperationException">The iterator never stood on a batch. (RocksDB itself would crash.)</exception>
    public void Next()
    {
        if (!_started && !Valid())
        {
            throw new InvalidOperationException("The log held nothing when this iterator was made; ask GetUpdatesSince for another.");
        }

        DataApi.rocksdb_wal_iter_next(InUse());
    }

    /// <summary>Throws if reading the log failed.</summary>
    /// <exception cref="RocksDbException">What failed, in RocksDB's words.</exception>
    public void Status()
    {
        nint error = 0;
        DataApi.rocksdb_wal_iter_status(InUse(), ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>The batch that the iterator stands on, as the caller's own copy.</summary>
    /// <param name="sequenceNumber">The sequence of the batch's first entry.</param>
    /// <exception cref="InvalidOperationException">The iterator stands on no batch.</exception>
    public WriteBatch GetBatch(out ulong sequenceNumber)
    {
        if (!Valid())
        {
            throw new InvalidOperationException("The log iterator stands on no batch; ask Valid first.");
        }

        return new WriteBatch(new WriteBatchSafeHandle(DataApi.rocksdb_wal_iter_get_batch(InUse(), out sequenceNumber)));
    }

    /// <summary>Closes the iterator; batches that it gave out stay valid.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static TransactionLogIterator Create(DatabaseHandle database, ulong sequenceNumber)
    {
        var handle = new LogIteratorSafeHandle(database);
        try
        {
            nint error = 0;
            handle.Attach(DataApi.rocksdb_get_updates_since(database, sequenceNumber, options: 0, ref error));
            RocksDbException.ThrowIfSet(error);
            return new TransactionLogIterator(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private LogIteratorSafeHandle InUse()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.Database.InUse();
        return _handle;
    }
}
