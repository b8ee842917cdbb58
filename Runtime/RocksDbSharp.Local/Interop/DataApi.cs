using System.Runtime.InteropServices;
using RocksDbSharp.Handles;

namespace RocksDbSharp.Interop;

/// <summary>Imports that read and write entries. Spans are pinned, not copied. Errors: see <see cref="DatabaseApi"/>.</summary>
internal static partial class DataApi
{
    private const string Library = NativeLibraryResolver.ImportName;

    [LibraryImport(Library)]
    internal static partial nint rocksdb_get_pinned_cf(
        DatabaseHandle database, ReadOptionsSafeHandle options, ColumnFamilySafeHandle columnFamily,
        ReadOnlySpan<byte> key, nuint keyLength, ref nint error);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_pinnableslice_value(nint slice, out nuint length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_pinnableslice_destroy(nint slice);

    [LibraryImport(Library)]
    internal static partial void rocksdb_multi_get_cf(
        DatabaseHandle database, ReadOptionsSafeHandle options, nint[] columnFamilies, nuint count, nint[] keys, nuint[] keyLengths,
        [Out] nint[] values, [Out] nuint[] valueLengths, [In, Out] nint[] errors);

    [LibraryImport(Library)]
    internal static partial void rocksdb_put_cf(
        DatabaseHandle database, WriteOptionsSafeHandle options, ColumnFamilySafeHandle columnFamily,
        ReadOnlySpan<byte> key, nuint keyLength, ReadOnlySpan<byte> value, nuint valueLength, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_delete_cf(
        DatabaseHandle database, WriteOptionsSafeHandle options, ColumnFamilySafeHandle columnFamily,
        ReadOnlySpan<byte> key, nuint keyLength, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_write(
        DatabaseHandle database, WriteOptionsSafeHandle options, WriteBatchSafeHandle batch, ref nint error);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_create_iterator_cf(
        DatabaseHandle database, ReadOptionsSafeHandle options, ColumnFamilySafeHandle columnFamily);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_destroy(nint iterator);

    [LibraryImport(Library)]
    internal static partial byte rocksdb_iter_valid(IteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_to_first(IteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_to_last(IteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek(IteratorSafeHandle iterator, ReadOnlySpan<byte> key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_for_prev(IteratorSafeHandle iterator, ReadOnlySpan<byte> key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_next(IteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_prev(IteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_iter_key(IteratorSafeHandle iterator, out nuint length);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_iter_value(IteratorSafeHandle iterator, out nuint length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_get_error(nint iterator, ref nint error);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_get_updates_since(DatabaseHandle database, ulong sequenceNumber, nint options, ref nint error);

    [LibraryImport(Library)]
    internal static partial byte rocksdb_wal_iter_valid(LogIteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_wal_iter_next(LogIteratorSafeHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_wal_iter_status(LogIteratorSafeHandle iterator, ref nint error);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_wal_iter_get_batch(LogIteratorSafeHandle iterator, out ulong sequenceNumber);

    [LibraryImport(Library)]
    internal static partial void rocksdb_wal_iter_destroy(nint iterator);
}
