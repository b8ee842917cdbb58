using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using RocksDbSharp.Interop;

namespace RocksDbSharp.Handles;

/// <summary>
/// An open database. How it stays safe:
/// <para>Each running call, and each child (column family, iterator, snapshot, checkpoint, log iterator), holds a reference. Disposing
/// retires the handle, which refuses everything new at once; the database itself is closed when the last reference goes, so
/// no call ever works on freed memory and no child outlives its database.</para>
/// <para>The consequence for callers: a child that is still open keeps the directory's LOCK, until it is disposed too.</para>
/// </summary>
internal sealed class DatabaseHandle : SafeHandle
{
    // Native's functions take the raw handle, as the genuine ones do. They look it up here, so that one that was closed meanwhile is
    // refused. Weak, because an entry must not keep a forgotten database from being finalized.
    private static readonly ConcurrentDictionary<nint, WeakReference<DatabaseHandle>> Open = new();

    private volatile bool _retired;

    internal DatabaseHandle(nint database)
        : base(0, ownsHandle: true)
    {
        SetHandle(database);
        Open[database] = new WeakReference<DatabaseHandle>(this);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    internal nint Pointer => _retired || IsClosed ? 0 : handle;

    /// <summary>The native pointer for a child that holds a reference; valid until that child releases it.</summary>
    internal nint PointerForChild => handle;

    /// <summary>The open database behind a raw handle.</summary>
    /// <exception cref="ObjectDisposedException">No database with this handle is open.</exception>
    internal static DatabaseHandle Find(nint database)
    {
        if (database == 0 || !Open.TryGetValue(database, out WeakReference<DatabaseHandle>? entry) || !entry.TryGetTarget(out DatabaseHandle? found))
        {
            throw new ObjectDisposedException(nameof(RocksDb));
        }

        return found.InUse();
    }

    /// <summary>This handle, to be passed to a call.</summary>
    /// <exception cref="ObjectDisposedException">The database was disposed.</exception>
    internal DatabaseHandle InUse()
    {
        ObjectDisposedException.ThrowIf(_retired, typeof(RocksDb));
        return this;
    }

    internal void Retire()
    {
        _retired = true;
        Dispose();
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        // Out of the table first: once closed, the library may give the same address to the next database.
        Open.TryRemove(handle, out _);
        DatabaseApi.rocksdb_close(handle);
        return true;
    }
}
