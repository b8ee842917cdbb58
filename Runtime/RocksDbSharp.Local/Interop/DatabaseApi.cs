using System.Runtime.InteropServices;
using RocksDbSharp.Handles;

namespace RocksDbSharp.Interop;

/// <summary>
/// Imports that act on a whole database. An <c>error</c> must be 0 on entry: the library frees what it finds there. It is
/// therefore passed by reference and never as <c>out</c>, which the import generator leaves uninitialized.
/// </summary>
internal static partial class DatabaseApi
{
    private const string Library = NativeLibraryResolver.ImportName;

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_open_column_families(
        OptionsSafeHandle options, string path, int count, string[] names, nint[] columnFamilyOptions, [Out] nint[] columnFamilies, ref nint error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_open_for_read_only_column_families(
        OptionsSafeHandle options, string path, int count, string[] names, nint[] columnFamilyOptions, [Out] nint[] columnFamilies,
        byte errorIfLogFileExists, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_close(nint database);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_list_column_families(OptionsSafeHandle options, string path, out nuint count, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_list_column_families_destroy(nint list, nuint count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_create_column_family(DatabaseHandle database, OptionsSafeHandle options, string name, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_drop_column_family(DatabaseHandle database, ColumnFamilySafeHandle columnFamily, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_column_family_handle_destroy(nint columnFamily);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_checkpoint_object_create(DatabaseHandle database, ref nint error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void rocksdb_checkpoint_create(
        CheckpointSafeHandle checkpoint, string directory, ulong logSizeForFlush, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_checkpoint_object_destroy(nint checkpoint);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_create_snapshot(DatabaseHandle database);

    [LibraryImport(Library)]
    internal static partial void rocksdb_release_snapshot(nint database, nint snapshot);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_property_value_cf(DatabaseHandle database, ColumnFamilySafeHandle columnFamily, string property);

    [LibraryImport(Library)]
    internal static partial void rocksdb_compact_range_cf(
        DatabaseHandle database, ColumnFamilySafeHandle columnFamily, byte[]? start, nuint startLength, byte[]? limit, nuint limitLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flush_cf(
        DatabaseHandle database, FlushOptionsSafeHandle options, ColumnFamilySafeHandle columnFamily, ref nint error);

    [LibraryImport(Library, EntryPoint = "rocksdb_flush_cf")]
    internal static partial void rocksdb_flush_cf_raw(DatabaseHandle database, nint options, nint columnFamily, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flush_wal(DatabaseHandle database, byte sync, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_disable_file_deletions(DatabaseHandle database, ref nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_enable_file_deletions(DatabaseHandle database, byte force, ref nint error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void rocksdb_set_options(DatabaseHandle database, int count, string[] keys, string[] values, ref nint error);

    [LibraryImport(Library)]
    internal static partial ulong rocksdb_get_latest_sequence_number(DatabaseHandle database);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_livefiles(DatabaseHandle database);

    [LibraryImport(Library)]
    internal static partial int rocksdb_livefiles_count(nint files);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_livefiles_name(nint files, int index);

    [LibraryImport(Library)]
    internal static partial int rocksdb_livefiles_level(nint files, int index);

    [LibraryImport(Library)]
    internal static partial nuint rocksdb_livefiles_size(nint files, int index);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_livefiles_smallestkey(nint files, int index, out nuint length);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_livefiles_largestkey(nint files, int index, out nuint length);

    [LibraryImport(Library)]
    internal static partial ulong rocksdb_livefiles_entries(nint files, int index);

    [LibraryImport(Library)]
    internal static partial ulong rocksdb_livefiles_deletions(nint files, int index);

    [LibraryImport(Library)]
    internal static partial void rocksdb_livefiles_destroy(nint files);

    [LibraryImport(Library)]
    internal static partial void rocksdb_free(nint memory);
}
