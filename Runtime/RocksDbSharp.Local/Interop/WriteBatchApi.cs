using System.Runtime.InteropServices;
using RocksDbSharp.Handles;

namespace RocksDbSharp.Interop;

/// <summary>Imports that build and take apart write batches.</summary>
internal static unsafe partial class WriteBatchApi
{
    private const string Library = NativeLibraryResolver.ImportName;

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writebatch_create();

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writebatch_create_from(ReadOnlySpan<byte> representation, nuint length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_destroy(nint batch);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_clear(WriteBatchSafeHandle batch);

    [LibraryImport(Library)]
    internal static partial int rocksdb_writebatch_count(WriteBatchSafeHandle batch);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_put(
        WriteBatchSafeHandle batch, ReadOnlySpan<byte> key, nuint keyLength, ReadOnlySpan<byte> value, nuint valueLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_put_cf(
        WriteBatchSafeHandle batch, ColumnFamilySafeHandle columnFamily,
        ReadOnlySpan<byte> key, nuint keyLength, ReadOnlySpan<byte> value, nuint valueLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_putv_cf(
        WriteBatchSafeHandle batch, ColumnFamilySafeHandle columnFamily,
        int keyParts, ReadOnlySpan<nint> keys, ReadOnlySpan<nuint> keyLengths, int valueParts, ReadOnlySpan<nint> values, ReadOnlySpan<nuint> valueLengths);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete(WriteBatchSafeHandle batch, ReadOnlySpan<byte> key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete_cf(
        WriteBatchSafeHandle batch, ColumnFamilySafeHandle columnFamily, ReadOnlySpan<byte> key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete_range(
        WriteBatchSafeHandle batch, byte* start, nuint startLength, byte* end, nuint endLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete_range_cf(
        WriteBatchSafeHandle batch, ColumnFamilySafeHandle columnFamily, byte* start, nuint startLength, byte* end, nuint endLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_put_log_data(WriteBatchSafeHandle batch, ReadOnlySpan<byte> blob, nuint length);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writebatch_data(WriteBatchSafeHandle batch, out nuint length);
}
