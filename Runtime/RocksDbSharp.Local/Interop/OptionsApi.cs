using System.Runtime.InteropServices;
using RocksDbSharp.Handles;

namespace RocksDbSharp.Interop;

/// <summary>Imports that set options.</summary>
internal static partial class OptionsApi
{
    private const string Library = NativeLibraryResolver.ImportName;

    [LibraryImport(Library)]
    internal static partial nint rocksdb_options_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_increase_parallelism(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_create_if_missing(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_create_missing_column_families(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_error_if_exists(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_paranoid_checks(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_open_files(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_file_opening_threads(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_total_wal_size(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_wal_recovery_mode(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_background_compactions(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_background_flushes(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_log_file_size(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_keep_log_file_num(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_recycle_log_file_num(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_manifest_file_size(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_use_fsync(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_WAL_ttl_seconds(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_WAL_size_limit_MB(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_use_direct_reads(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_use_direct_io_for_flush_and_compaction(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_stats_dump_period_sec(OptionsSafeHandle options, uint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_db_write_buffer_size(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_bytes_per_sync(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_delete_obsolete_files_period_micros(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_info_log_level(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_write_buffer_size(OptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_write_buffer_number(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_min_write_buffer_number_to_merge(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_num_levels(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_level0_file_num_compaction_trigger(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_level0_slowdown_writes_trigger(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_level0_stop_writes_trigger(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_target_file_size_base(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_bytes_for_level_base(OptionsSafeHandle options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_level_compaction_dynamic_level_bytes(OptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_disable_auto_compactions(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_optimize_filters_for_hits(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_memtable_prefix_bloom_size_ratio(OptionsSafeHandle options, double value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_compression(OptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_compaction_style(OptionsSafeHandle options, int value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void rocksdb_options_set_db_log_dir(OptionsSafeHandle options, string directory);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void rocksdb_options_set_wal_dir(OptionsSafeHandle options, string directory);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_block_based_table_factory(OptionsSafeHandle options, TableOptionsSafeHandle table);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_prefix_extractor(OptionsSafeHandle options, nint transform);

    // Set through Native, which takes raw handles as the genuine class does.

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_background_jobs(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_subcompactions(nint options, uint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_wal_bytes_per_sync(nint options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_atomic_flush(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_enable_blob_files(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_min_blob_size(nint options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_blob_file_size(nint options, ulong value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_enable_blob_gc(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_blob_gc_age_cutoff(nint options, double value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_blob_compression_type(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_manual_wal_flush(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_ratelimiter(nint options, nint value);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_readoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_verify_checksums(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_fill_cache(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_prefix_same_as_start(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_total_order_seek(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_readahead_size(ReadOptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_tailing(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_background_purge_on_iterator_cleanup(ReadOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_snapshot(ReadOptionsSafeHandle options, nint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_iterate_lower_bound(ReadOptionsSafeHandle options, nint key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_set_iterate_upper_bound(ReadOptionsSafeHandle options, nint key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writeoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_writeoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writeoptions_set_sync(WriteOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writeoptions_disable_WAL(WriteOptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_flushoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_flushoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flushoptions_set_wait(FlushOptionsSafeHandle options, byte value);
}
