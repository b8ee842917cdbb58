using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// A value where it lies in RocksDB's memory (a cached block, a memtable), pinned there. The database stays open for as long, even
/// if it is disposed meanwhile.
/// </summary>
internal readonly ref struct PinnedValue
{
    private readonly DatabaseHandle _database;
    private readonly nint _slice;

    internal PinnedValue(DatabaseHandle database, ColumnFamilySafeHandle columnFamily, ReadOnlySpan<byte> key, ReadOptions? options)
    {
        options ??= RocksDb.DefaultReadOptions;
        _database = database;
        bool held = false;
        database.DangerousAddRef(ref held);
        nint error = 0;
        try
        {
            using SnapshotUse snapshot = options.UseSnapshot(database);
            _slice = DataApi.rocksdb_get_pinned_cf(database, options.SafeHandle, columnFamily, key, (nuint)key.Length, ref error);
            RocksDbException.ThrowIfSet(error);
        }
        catch
        {
            _database.DangerousRelease();
            throw;
        }
    }

    internal bool Found => _slice != 0;

    internal unsafe ReadOnlySpan<byte> Bytes
    {
        get
        {
            nint value = DataApi.rocksdb_pinnableslice_value(_slice, out nuint length);
            return new ReadOnlySpan<byte>((void*)value, checked((int)length));
        }
    }

    public void Dispose()
    {
        if (_slice != 0)
        {
            DataApi.rocksdb_pinnableslice_destroy(_slice);
        }

        _database.DangerousRelease();
    }
}
