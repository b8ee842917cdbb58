using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// The database as it stood at one sequence. Read it through <see cref="ReadOptions.SetSnapshot"/>. While it is open, RocksDB keeps every
/// version that it sees, so hold it briefly.
/// </summary>
public class Snapshot : IDisposable
{
    internal Snapshot(SnapshotSafeHandle handle) => SafeHandle = handle;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal SnapshotSafeHandle SafeHandle { get; }

    /// <summary>Releases the snapshot.</summary>
    public void Dispose()
    {
        SafeHandle.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static Snapshot Create(DatabaseHandle database)
    {
        var handle = new SnapshotSafeHandle(database);
        try
        {
            handle.Attach(DatabaseApi.rocksdb_create_snapshot(database));
            return new Snapshot(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
