using System.Runtime.InteropServices;
using RocksDbSharp.Interop;

namespace RocksDbSharp.Handles;

/// <summary>
/// A native object that lives inside a database and must be destroyed before it. Holds a reference to the database from before
/// the object is created until after it is destroyed.
/// </summary>
internal abstract class DatabaseChildHandle : SafeHandle
{
    private readonly bool _holdsDatabase;

    protected DatabaseChildHandle(DatabaseHandle database)
        : base(0, ownsHandle: true)
    {
        Database = database;
        database.InUse().DangerousAddRef(ref _holdsDatabase);
    }

    /// <summary>False also while no native object is attached: the reference to the database must be given back all the same.</summary>
    public sealed override bool IsInvalid => !_holdsDatabase;

    /// <summary>The database that this object lives in.</summary>
    internal DatabaseHandle Database { get; }

    /// <summary>The native pointer, or 0 after disposal.</summary>
    internal nint Pointer => IsClosed ? 0 : handle;

    internal void Attach(nint pointer) => SetHandle(pointer);

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        if (handle != 0)
        {
            Destroy(handle);
        }

        ReleaseWhatItUsed();
        Database.DangerousRelease();
        return true;
    }

    protected abstract void Destroy(nint pointer);

    /// <summary>Runs after the native object is gone, also when there never was one.</summary>
    protected virtual void ReleaseWhatItUsed()
    {
    }
}

internal sealed class ColumnFamilySafeHandle(DatabaseHandle database) : DatabaseChildHandle(database)
{
    protected override void Destroy(nint pointer) => DatabaseApi.rocksdb_column_family_handle_destroy(pointer);
}

internal sealed class SnapshotSafeHandle(DatabaseHandle database) : DatabaseChildHandle(database)
{
    protected override void Destroy(nint pointer) => DatabaseApi.rocksdb_release_snapshot(Database.PointerForChild, pointer);
}

internal sealed class CheckpointSafeHandle(DatabaseHandle database) : DatabaseChildHandle(database)
{
    protected override void Destroy(nint pointer) => DatabaseApi.rocksdb_checkpoint_object_destroy(pointer);
}

internal sealed class LogIteratorSafeHandle(DatabaseHandle database) : DatabaseChildHandle(database)
{
    protected override void Destroy(nint pointer) => DataApi.rocksdb_wal_iter_destroy(pointer);
}

/// <summary>Also holds its read options: the native iterator reads the bounds in place for as long as it lives.</summary>
internal sealed class IteratorSafeHandle : DatabaseChildHandle
{
    private readonly ReadOptionsSafeHandle _options;

    internal IteratorSafeHandle(DatabaseHandle database, ReadOptionsSafeHandle options)
        : base(database)
    {
        _options = options;
        options.AddReader();
    }

    protected override void Destroy(nint pointer) => DataApi.rocksdb_iter_destroy(pointer);

    protected override void ReleaseWhatItUsed() => _options.RemoveReader();
}
