using System.Runtime.InteropServices;

namespace RocksDbSharp.Handles;

/// <summary>Keeps a handle's native object alive over several calls, or while its memory is read.</summary>
internal readonly ref struct HandleUse
{
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The native object is gone.</exception>
    internal HandleUse(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
    }

    public void Dispose() => _handle.DangerousRelease();
}

/// <summary>Keeps the snapshot that read options name, if any, while a read uses it.</summary>
internal readonly ref struct SnapshotUse
{
    private readonly SnapshotSafeHandle? _snapshot;

    /// <exception cref="ObjectDisposedException">The snapshot was disposed. (RocksDB itself would read freed memory.)</exception>
    /// <exception cref="ArgumentException">The snapshot is another database's.</exception>
    internal SnapshotUse(SnapshotSafeHandle? snapshot, DatabaseHandle database)
    {
        if (snapshot is null)
        {
            return;
        }

        ObjectDisposedException.ThrowIf(snapshot.IsClosed, typeof(Snapshot));
        if (snapshot.Database != database)
        {
            throw new ArgumentException("The read options name a snapshot of another database; take one of this database.");
        }

        bool added = false;
        snapshot.DangerousAddRef(ref added);
        _snapshot = snapshot;
    }

    public void Dispose() => _snapshot?.DangerousRelease();
}
