using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>Makes openable copies of a live database: hard links of its tables, copies of what is still written to.</summary>
public class Checkpoint : IDisposable
{
    private readonly CheckpointSafeHandle _handle;

    private Checkpoint(CheckpointSafeHandle handle) => _handle = handle;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => _handle.Pointer;

    /// <summary>
    /// Makes a copy that opens at one sequence, which all acknowledged writes before this call are part of.
    /// </summary>
    /// <param name="checkpointDir">Must not exist; its parent must.</param>
    /// <param name="logSizeForFlush">Bytes of write-ahead log from which on the memtables are flushed instead of the log copied; 0 flushes always.</param>
    /// <exception cref="RocksDbException">The directory exists, or the copy could not be written.</exception>
    public void Save(string checkpointDir, ulong logSizeForFlush = 0)
    {
        ArgumentNullException.ThrowIfNull(checkpointDir);
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.Database.InUse();
        nint error = 0;
        DatabaseApi.rocksdb_checkpoint_create(_handle, checkpointDir, logSizeForFlush, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Frees this object; copies that were made stay.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static Checkpoint Create(DatabaseHandle database)
    {
        var handle = new CheckpointSafeHandle(database);
        try
        {
            nint error = 0;
            handle.Attach(DatabaseApi.rocksdb_checkpoint_object_create(database, ref error));
            RocksDbException.ThrowIfSet(error);
            return new Checkpoint(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
