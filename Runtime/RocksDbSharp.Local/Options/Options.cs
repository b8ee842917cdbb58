using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>The setters that are about a whole database. Each takes effect when a database is opened with these options.</summary>
public abstract class Options<T> : ColumnFamilySetters<T>
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
}
