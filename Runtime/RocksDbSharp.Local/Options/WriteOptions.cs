using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>How durable a write is when it returns. Freed by the finalizer.</summary>
public class WriteOptions
{
    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal WriteOptionsSafeHandle SafeHandle { get; } = new();

    /// <summary>Whether the write-ahead log is synced to the disk first, with everything before it. Default: false.</summary>
    public WriteOptions SetSync(bool value)
    {
        OptionsApi.rocksdb_writeoptions_set_sync(SafeHandle, Native.MarshalBool(value));
        return this;
    }

    /// <summary>1 writes past the write-ahead log: lost by a crash until flushed, and never seen by GetUpdatesSince. Default: 0.</summary>
    public WriteOptions DisableWal(int disable)
    {
        OptionsApi.rocksdb_writeoptions_disable_WAL(SafeHandle, disable);
        return this;
    }
}

/// <summary>How a flush is done. Freed by the finalizer.</summary>
public class FlushOptions
{
    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal FlushOptionsSafeHandle SafeHandle { get; } = new();

    /// <summary>Whether the call returns only when the flush is done. Default: true.</summary>
    public FlushOptions SetWaitForFlush(bool waitForFlush)
    {
        OptionsApi.rocksdb_flushoptions_set_wait(SafeHandle, Native.MarshalBool(waitForFlush));
        return this;
    }
}
