using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// The setters of <see cref="DbOptions"/> and <see cref="ColumnFamilyOptions"/>: first those about a whole database, which a column family's
/// options may carry but which do nothing there, then those about a column family's tables. They take effect when a database is opened.
/// </summary>
public abstract class Options<T> : OptionsHandle
    where T : Options<T>
{
    /// <summary>Whether a database that is missing is created. Default: false.</summary>
    public T SetCreateIfMissing(bool value = true)
    {
        OptionsApi.rocksdb_options_set_create_if_missing(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Whether column families that are missing are created. Default: false.</summary>
    public T SetCreateMissingColumnFamilies(bool value = true)
    {
        OptionsApi.rocksdb_options_set_create_missing_column_families(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Whether it is an error that the database exists. Default: false.</summary>
    public T SetErrorIfExists(bool value = true)
    {
        OptionsApi.rocksdb_options_set_error_if_exists(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Whether a failed write makes the database read-only. Default: true.</summary>
    public T SetParanoidChecks(bool value = true)
    {
        OptionsApi.rocksdb_options_set_paranoid_checks(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Gives flushes and compactions <paramref name="totalThreads"/> threads, of the process' pool.</summary>
    public T IncreaseParallelism(int totalThreads)
    {
        OptionsApi.rocksdb_options_increase_parallelism(SafeHandle, totalThreads);
        return (T)this;
    }

    /// <summary>Table files kept open; -1 is all of them. Default: -1.</summary>
    public T SetMaxOpenFiles(int value)
    {
        OptionsApi.rocksdb_options_set_max_open_files(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Threads that open table files when the database is opened. Default: 16.</summary>
    public T SetMaxFileOpeningThreads(int value)
    {
        OptionsApi.rocksdb_options_set_max_file_opening_threads(SafeHandle, value);
        return (T)this;
    }

    /// <summary>
    /// Bytes of write-ahead log from which on the oldest memtables are flushed; 0 is four times all memtables. Default: 0.
    /// </summary>
    public T SetMaxTotalWalSize(ulong n)
    {
        OptionsApi.rocksdb_options_set_max_total_wal_size(SafeHandle, n);
        return (T)this;
    }

    /// <summary>
    /// How a damaged write-ahead log is treated when the database is opened. Default: <see cref="Recovery.PointInTime"/>.
    /// </summary>
    public T SetWalRecoveryMode(Recovery mode)
    {
        OptionsApi.rocksdb_options_set_wal_recovery_mode(SafeHandle, (int)mode);
        return (T)this;
    }

    /// <summary>Compactions at a time. Default: decided by RocksDB.</summary>
    public T SetMaxBackgroundCompactions(int value)
    {
        OptionsApi.rocksdb_options_set_max_background_compactions(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Flushes at a time. Default: decided by RocksDB.</summary>
    public T SetMaxBackgroundFlushes(int value)
    {
        OptionsApi.rocksdb_options_set_max_background_flushes(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Bytes of RocksDB's own LOG file before it begins another; 0 is no limit. Default: 0.</summary>
    public T SetMaxLogFileSize(ulong value)
    {
        OptionsApi.rocksdb_options_set_max_log_file_size(SafeHandle, (nuint)value);
        return (T)this;
    }

    /// <summary>LOG files kept. Default: 1000.</summary>
    public T SetKeepLogFileNum(ulong value)
    {
        OptionsApi.rocksdb_options_set_keep_log_file_num(SafeHandle, (nuint)value);
        return (T)this;
    }

    /// <summary>Write-ahead log files that are written over instead of deleted. Such logs cannot be archived. Default: 0.</summary>
    public T SetRecycleLogFileNum(ulong value)
    {
        OptionsApi.rocksdb_options_set_recycle_log_file_num(SafeHandle, (nuint)value);
        return (T)this;
    }

    /// <summary>Bytes of MANIFEST before another begins. Default: 1 GiB.</summary>
    public T SetMaxManifestFileSize(ulong value)
    {
        OptionsApi.rocksdb_options_set_max_manifest_file_size(SafeHandle, (nuint)value);
        return (T)this;
    }

    /// <summary>1 syncs with fsync, 0 with fdatasync. Default: 0.</summary>
    public T SetUseFsync(int value)
    {
        OptionsApi.rocksdb_options_set_use_fsync(SafeHandle, value);
        return (T)this;
    }

    /// <summary>The directory of the LOG files; empty is the database's own.</summary>
    public T SetDbLogDir(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        OptionsApi.rocksdb_options_set_db_log_dir(SafeHandle, value);
        return (T)this;
    }

    /// <summary>The directory of the write-ahead log; empty is the database's own.</summary>
    public T SetWalDir(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        OptionsApi.rocksdb_options_set_wal_dir(SafeHandle, value);
        return (T)this;
    }

    /// <summary>
    /// Seconds that a write-ahead log is archived for after it is no longer needed; 0, together with a size limit of 0, deletes it
    /// at once. Default: 0.
    /// </summary>
    public T SetWalTtlSeconds(ulong value)
    {
        OptionsApi.rocksdb_options_set_WAL_ttl_seconds(SafeHandle, value);
        return (T)this;
    }

    /// <summary>
    /// MiB of archived write-ahead log, the oldest of which is deleted beyond that (looked at every ten minutes); 0 is no limit.
    /// Default: 0.
    /// </summary>
    public T SetWalSizeLimitMB(ulong value)
    {
        OptionsApi.rocksdb_options_set_WAL_size_limit_MB(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Reads around the page cache. Default: false.</summary>
    public T SetUseDirectReads(bool value)
    {
        OptionsApi.rocksdb_options_set_use_direct_reads(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Flushes and compacts around the page cache. Default: false.</summary>
    public T SetUseDirectIoForFlushAndCompaction(bool value)
    {
        OptionsApi.rocksdb_options_set_use_direct_io_for_flush_and_compaction(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>Seconds between statistics in LOG; 0 is never. Default: 600.</summary>
    public T SetStatsDumpPeriodSec(uint value)
    {
        OptionsApi.rocksdb_options_set_stats_dump_period_sec(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Bytes of all memtables of the database together, beyond which one is flushed; 0 is no limit. Default: 0.</summary>
    public T SetDbWriteBufferSize(ulong size)
    {
        OptionsApi.rocksdb_options_set_db_write_buffer_size(SafeHandle, (nuint)size);
        return (T)this;
    }

    /// <summary>
    /// Bytes of a table file after which writing it back begins, so that it does not burst; 0 leaves it to the system. Default: 0.
    /// </summary>
    public T SetBytesPerSync(ulong value)
    {
        OptionsApi.rocksdb_options_set_bytes_per_sync(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Microseconds between full searches for files that are no longer needed. Default: six hours.</summary>
    public T SetDeleteObsoleteFilesPeriodMicros(ulong value)
    {
        OptionsApi.rocksdb_options_set_delete_obsolete_files_period_micros(SafeHandle, value);
        return (T)this;
    }

    /// <summary>What RocksDB writes to LOG. Default: <see cref="InfoLogLevel.Info"/>.</summary>
    public T SetInfoLogLevel(InfoLogLevel value)
    {
        OptionsApi.rocksdb_options_set_info_log_level(SafeHandle, (int)value);
        return (T)this;
    }

    /// <summary>Bytes of a memtable before it is flushed. Default: 64 MiB.</summary>
    public T SetWriteBufferSize(ulong value)
    {
        OptionsApi.rocksdb_options_set_write_buffer_size(SafeHandle, (nuint)value);
        return (T)this;
    }

    /// <summary>Memtables, full ones included, beyond which writes wait. Default: 2.</summary>
    public T SetMaxWriteBufferNumber(int value)
    {
        OptionsApi.rocksdb_options_set_max_write_buffer_number(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Full memtables that are merged into one flush. Default: 1.</summary>
    public T SetMinWriteBufferNumberToMerge(int value)
    {
        OptionsApi.rocksdb_options_set_min_write_buffer_number_to_merge(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Levels. Default: 7.</summary>
    public T SetNumLevels(int value)
    {
        OptionsApi.rocksdb_options_set_num_levels(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Files of level 0 that begin a compaction. Default: 4.</summary>
    public T SetLevel0FileNumCompactionTrigger(int value)
    {
        OptionsApi.rocksdb_options_set_level0_file_num_compaction_trigger(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Files of level 0 that slow writes down. Default: 20.</summary>
    public T SetLevel0SlowdownWritesTrigger(int value)
    {
        OptionsApi.rocksdb_options_set_level0_slowdown_writes_trigger(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Files of level 0 that stop writes. Default: 36.</summary>
    public T SetLevel0StopWritesTrigger(int value)
    {
        OptionsApi.rocksdb_options_set_level0_stop_writes_trigger(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Bytes of a table file of level 1. Default: 64 MiB.</summary>
    public T SetTargetFileSizeBase(ulong value)
    {
        OptionsApi.rocksdb_options_set_target_file_size_base(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Bytes of level 1. Default: 256 MiB.</summary>
    public T SetMaxBytesForLevelBase(ulong value)
    {
        OptionsApi.rocksdb_options_set_max_bytes_for_level_base(SafeHandle, value);
        return (T)this;
    }

    /// <summary>Sizes the levels from the last one up, which bounds the space that is lost. Default: false.</summary>
    public T SetLevelCompactionDynamicLevelBytes(bool value)
    {
        OptionsApi.rocksdb_options_set_level_compaction_dynamic_level_bytes(SafeHandle, Native.MarshalBool(value));
        return (T)this;
    }

    /// <summary>1 leaves compaction to CompactRange. Default: 0.</summary>
    public T SetDisableAutoCompactions(int value)
    {
        OptionsApi.rocksdb_options_set_disable_auto_compactions(SafeHandle, value);
        return (T)this;
    }

    /// <summary>1 keeps no filter for the last level, for reads that mostly find their key. Default: 0.</summary>
    public T SetOptimizeFiltersForHits(int value)
    {
        OptionsApi.rocksdb_options_set_optimize_filters_for_hits(SafeHandle, value);
        return (T)this;
    }

    /// <summary>The part of a memtable that a filter over its prefixes may take. Default: 0.</summary>
    public T SetMemtablePrefixBloomSizeRatio(double ratio)
    {
        OptionsApi.rocksdb_options_set_memtable_prefix_bloom_size_ratio(SafeHandle, ratio);
        return (T)this;
    }

    /// <summary>How blocks are compressed. Default: <see cref="Compression.Snappy"/>.</summary>
    public T SetCompression(Compression value)
    {
        OptionsApi.rocksdb_options_set_compression(SafeHandle, (int)value);
        return (T)this;
    }

    /// <summary>How tables are merged. Default: <see cref="Compaction.Level"/>.</summary>
    public T SetCompactionStyle(Compaction value)
    {
        OptionsApi.rocksdb_options_set_compaction_style(SafeHandle, (int)value);
        return (T)this;
    }

    /// <summary>How table files are laid out; <paramref name="table_options"/> is copied.</summary>
    public T SetBlockBasedTableFactory(BlockBasedTableOptions table_options)
    {
        ArgumentNullException.ThrowIfNull(table_options);
        OptionsApi.rocksdb_options_set_block_based_table_factory(SafeHandle, table_options.SafeHandle);
        return (T)this;
    }

    /// <summary>What a key's prefix is; these options then own <paramref name="sliceTransform"/>.</summary>
    /// <exception cref="InvalidOperationException">Other options own it already.</exception>
    public T SetPrefixExtractor(SliceTransform sliceTransform)
    {
        ArgumentNullException.ThrowIfNull(sliceTransform);
        OptionsApi.rocksdb_options_set_prefix_extractor(SafeHandle, sliceTransform.SafeHandle.GiveAway("prefix extractor"));
        return (T)this;
    }
}
