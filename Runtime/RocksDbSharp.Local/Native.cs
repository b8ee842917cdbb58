using System.Diagnostics.CodeAnalysis;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// The functions of RocksDB's C API that RocksDbSharp has no class for, under its names and with its signatures. They take
/// raw handles. A database's is looked up, and refused if it was closed; the others are the caller's to keep alive.
/// </summary>
[SuppressMessage("Naming", "CA1707", Justification = "The names are the C API's, as in RocksDbSharp.")]
[SuppressMessage("Performance", "CA1822", Justification = "Instance methods, as in RocksDbSharp.")]
public sealed class Native
{
    /// <summary>The one instance.</summary>
    public static readonly Native Instance = new();

    private Native()
    {
    }

    /// <summary>1 or 0.</summary>
    public static byte MarshalBool(bool input) => input ? (byte)1 : (byte)0;

    /// <summary>Hands the write-ahead log to the system; with <paramref name="sync"/> = 1, returns only when it is on the disk.</summary>
    public void rocksdb_flush_wal(IntPtr db, byte sync)
    {
        nint error = 0;
        DatabaseApi.rocksdb_flush_wal(DatabaseHandle.Find(db), sync, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Writes one column family's memtable to a table file. (<see cref="RocksDb.Flush"/> knows only the default one.)</summary>
    public void rocksdb_flush_cf(IntPtr db, IntPtr options, IntPtr column_family)
    {
        nint error = 0;
        DatabaseApi.rocksdb_flush_cf_raw(DatabaseHandle.Find(db), Open(options, nameof(options)), Open(column_family, nameof(column_family)), ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Throws if a read error ended the walk of the iterator whose <see cref="Iterator.Handle"/> this is.</summary>
    public void rocksdb_iter_get_error(IntPtr iterator)
    {
        nint error = 0;
        DataApi.rocksdb_iter_get_error(Open(iterator, nameof(iterator)), ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Flushes and compactions at a time, together. Default: 2.</summary>
    public void rocksdb_options_set_max_background_jobs(IntPtr options, int max_background_jobs) =>
        OptionsApi.rocksdb_options_set_max_background_jobs(Open(options, nameof(options)), max_background_jobs);

    /// <summary>Threads that share one compaction. Default: 1.</summary>
    public void rocksdb_options_set_max_subcompactions(IntPtr options, uint max_subcompactions) =>
        OptionsApi.rocksdb_options_set_max_subcompactions(Open(options, nameof(options)), max_subcompactions);

    /// <summary>Bytes of write-ahead log after which writing it back begins; 0 leaves it to the system. Default: 0.</summary>
    public void rocksdb_options_set_wal_bytes_per_sync(IntPtr options, ulong wal_bytes_per_sync) =>
        OptionsApi.rocksdb_options_set_wal_bytes_per_sync(Open(options, nameof(options)), wal_bytes_per_sync);

    /// <summary>1 keeps large values in files of their own, which compactions do not write again. Default: 0.</summary>
    public void rocksdb_options_set_enable_blob_files(IntPtr opt, byte val) =>
        OptionsApi.rocksdb_options_set_enable_blob_files(Open(opt, nameof(opt)), val);

    /// <summary>The size in bytes from which a value goes to a blob file. Default: 0.</summary>
    public void rocksdb_options_set_min_blob_size(IntPtr opt, ulong val) =>
        OptionsApi.rocksdb_options_set_min_blob_size(Open(opt, nameof(opt)), val);

    /// <summary>The size in bytes at which a blob file is closed and another one begun. Default: 256 MiB.</summary>
    public void rocksdb_options_set_blob_file_size(IntPtr opt, ulong val) =>
        OptionsApi.rocksdb_options_set_blob_file_size(Open(opt, nameof(opt)), val);

    /// <summary>A <see cref="Compression"/> as a number. Default: none.</summary>
    public void rocksdb_options_set_blob_compression_type(IntPtr opt, int val) =>
        OptionsApi.rocksdb_options_set_blob_compression_type(Open(opt, nameof(opt)), val);

    /// <summary>1 lets compactions move what is still valid out of the oldest blob files, so that these can go. Default: 0.</summary>
    public void rocksdb_options_set_enable_blob_gc(IntPtr opt, byte val) =>
        OptionsApi.rocksdb_options_set_enable_blob_gc(Open(opt, nameof(opt)), val);

    /// <summary>The share of the blob files, from the oldest on, that compactions clear out; 0 to 1. Default: 0.25.</summary>
    public void rocksdb_options_set_blob_gc_age_cutoff(IntPtr opt, double val) =>
        OptionsApi.rocksdb_options_set_blob_gc_age_cutoff(Open(opt, nameof(opt)), val);

    /// <summary>1 flushes all column families together. Default: 0.</summary>
    public void rocksdb_options_set_atomic_flush(IntPtr opt, byte atomic_flush) =>
        OptionsApi.rocksdb_options_set_atomic_flush(Open(opt, nameof(opt)), atomic_flush);

    /// <summary>1 keeps the write-ahead log in memory until <see cref="rocksdb_flush_wal"/>. Default: 0.</summary>
    public void rocksdb_options_set_manual_wal_flush(IntPtr opt, byte manual_wal_flush) =>
        OptionsApi.rocksdb_options_set_manual_wal_flush(Open(opt, nameof(opt)), manual_wal_flush);

    /// <summary>Limits what flushes and compactions write. The options take a share in <paramref name="limiter"/>, which may then be destroyed.</summary>
    public void rocksdb_options_set_ratelimiter(IntPtr opt, IntPtr limiter) =>
        OptionsApi.rocksdb_options_set_ratelimiter(Open(opt, nameof(opt)), Open(limiter, nameof(limiter)));

    /// <summary>A limiter, to be destroyed by the caller.</summary>
    /// <param name="rate_bytes_per_sec">Bytes per second, above 0.</param>
    /// <param name="refill_period_us">Microseconds between refills; 100,000 is usual.</param>
    /// <param name="fairness">One in so many requests lets low priority go first; 10 is usual.</param>
    public IntPtr rocksdb_ratelimiter_create(long rate_bytes_per_sec, long refill_period_us, int fairness)
    {
        // RocksDB asserts these in debug builds only, and divides by them in all.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate_bytes_per_sec);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(refill_period_us);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fairness);
        return TableApi.rocksdb_ratelimiter_create(rate_bytes_per_sec, refill_period_us, fairness);
    }

    /// <summary>Gives up the caller's share in a limiter.</summary>
    public void rocksdb_ratelimiter_destroy(IntPtr ratelimiter) => TableApi.rocksdb_ratelimiter_destroy(Open(ratelimiter, nameof(ratelimiter)));

    // A disposed object's Handle is 0.
    private static nint Open(nint handle, string name) => handle != 0 ? handle : throw new ObjectDisposedException(name);
}
