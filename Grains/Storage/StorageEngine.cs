using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// What the partitions of one node share: the block cache, the sizes of their memtables, and a few threads for calls that block on the disk. One a node.
/// </summary>
public sealed partial class StorageEngine : IDisposable
{
    /// <summary>Threads for fsync and the like. A disk gains nothing from more at a time, and the thread pool must not be filled with waiting.</summary>
    private const int DiskThreads = 4;

    /// <summary>
    /// RocksDB keeps logs that recovery no longer needs only if it is given a time or a size, and looks at the size every ten minutes only. So it is told to keep them practically
    /// forever (100 years), and <see cref="Log.LogRetention"/> removes what is too much.
    /// </summary>
    private const ulong KeepLogSeconds = 100UL * 365 * 24 * 3600;

    /// <summary>
    /// Values from this size on, in bytes, live in blob files: a compaction would hold such a value several times in memory and write it again at each level, and what is written again
    /// must be copied again by a replica that was away. Below it, a file per table and a second read cost more than they save.
    /// </summary>
    private const ulong LargeValue = 64 << 10;

    private readonly Cache cache;
    private readonly ILogger<StorageEngine> logger;
    private readonly BlockingCollection<Action> diskWork = [];
    private readonly Thread[] diskThreads = new Thread[DiskThreads];
    private volatile bool compress = true;
    private int disposed;

    /// <summary>Makes an engine.</summary>
    public StorageEngine(StorageEngineOptions options, ILogger<StorageEngine>? logger = null)
    {
        Options = options;
        this.logger = logger ?? NullLogger<StorageEngine>.Instance;
        cache = Cache.CreateLru((ulong)options.BlockCacheBytes);
        for (var i = 0; i < DiskThreads; i++)
        {
            diskThreads[i] = new Thread(WorkOnDisk) { IsBackground = true, Name = $"storage-disk-{i}" };
            diskThreads[i].Start();
        }
    }

    /// <summary>The engine's options.</summary>
    public StorageEngineOptions Options { get; }

    /// <summary>Bytes that the block cache holds at present, of <see cref="StorageEngineOptions.BlockCacheBytes"/>.</summary>
    public long BlockCacheBytes => (long)cache.GetUsage();

    /// <summary>Ends the disk threads when they have done what was queued. Close the partitions first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        diskWork.CompleteAdding();
        foreach (var thread in diskThreads)
        {
            thread.Join();
        }

        diskWork.Dispose();
    }

    /// <summary>Runs something that blocks on the disk, on one of a few threads made for it. It must not throw. False when the engine was disposed of: then it does not run.</summary>
    internal bool QueueDiskWork(Action work)
    {
        try
        {
            diskWork.Add(work);
            return true;
        }
        catch (InvalidOperationException)
        {
            // Adding was completed, maybe just now: there is no way to ask first.
            return false;
        }
    }

    /// <summary>Opens a database for reading and writing; makes it, with its column families, if it is not there.</summary>
    /// <exception cref="RocksDbException">It cannot be opened.</exception>
    internal RocksDb Open(string directory) =>
        WithCompression(() => RocksDb.Open(CreateDbOptions().SetCreateIfMissing().SetCreateMissingColumnFamilies(), directory, CreateColumnFamilies()));

    /// <summary>Opens a database only for reading: nothing in its directory changes.</summary>
    /// <exception cref="RocksDbException">It cannot be opened.</exception>
    internal RocksDb OpenReadOnly(string directory) =>
        WithCompression(() => RocksDb.OpenReadOnly(CreateDbOptions(), directory, CreateColumnFamilies(), errIfLogFileExists: false));

    private RocksDb WithCompression(Func<RocksDb> open)
    {
        try
        {
            return open();
        }
        catch (RocksDbException exception) when (compress && exception.Message.Contains("LZ4", StringComparison.OrdinalIgnoreCase))
        {
            // This build of RocksDB has no LZ4. New files are written without compression from now on.
            compress = false;
            LogNoCompression(logger, exception.Message);
            return open();
        }
    }

    private DbOptions CreateDbOptions()
    {
        var writeBuffer = (ulong)Options.WriteBufferBytes;
        var options = new DbOptions()
            .SetMaxOpenFiles(Options.MaxOpenFiles)
            .SetWalRecoveryMode(Recovery.PointInTime)
            .SetWalTtlSeconds(KeepLogSeconds)
            // A memtable of a seldom written column family holds back every log since its first record; this flushes it.
            .SetMaxTotalWalSize(4 * writeBuffer)
            // Written back steadily: an fsync then has little to wait for.
            .SetBytesPerSync(1 << 20)
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetMaxLogFileSize(1 << 20)
            .SetKeepLogFileNum(2)
            .SetStatsDumpPeriodSec(0)
            // The manifest file is copied, not linked, into each snapshot.
            .SetMaxManifestFileSize(16 << 20);
        Native.Instance.rocksdb_options_set_max_background_jobs(options.Handle, Options.BackgroundJobs);
        Native.Instance.rocksdb_options_set_wal_bytes_per_sync(options.Handle, 1 << 20);
        return options;
    }

    private ColumnFamilies CreateColumnFamilies()
    {
        var families = new ColumnFamilies(CreateDataOptions());
        foreach (var name in PartitionDatabase.ColumnFamilyNames.AsSpan(1))
        {
            families.Add(name, CreateIndexOptions());
        }

        return families;
    }

    private ColumnFamilyOptions CreateDataOptions()
    {
        var writeBuffer = (ulong)Options.WriteBufferBytes;
        var options = new ColumnFamilyOptions()
            .SetCompression(compress ? Compression.Lz4 : Compression.No)
            .SetWriteBufferSize(writeBuffer)
            .SetMaxWriteBufferNumber(2)
            // Room for a load at full speed: level 0 takes up what the background jobs cannot merge at once.
            .SetLevel0FileNumCompactionTrigger(4)
            .SetLevel0SlowdownWritesTrigger(24)
            .SetLevel0StopWritesTrigger(48)
            .SetTargetFileSizeBase(32 << 20)
            .SetMaxBytesForLevelBase(Math.Max(4 * writeBuffer, 128 << 20))
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetBlockBasedTableFactory(CreateTableOptions().SetFilterPolicy(BloomFilterPolicy.Create(10, use_block_based_builder: false)));
        Native.Instance.rocksdb_options_set_enable_blob_files(options.Handle, 1);
        Native.Instance.rocksdb_options_set_min_blob_size(options.Handle, LargeValue);
        Native.Instance.rocksdb_options_set_blob_file_size(options.Handle, 64 << 20);
        Native.Instance.rocksdb_options_set_enable_blob_gc(options.Handle, 1);
        Native.Instance.rocksdb_options_set_blob_gc_age_cutoff(options.Handle, BlobGarbage.Off);
        Native.Instance.rocksdb_options_set_blob_compression_type(options.Handle, (int)(compress ? Compression.Lz4 : Compression.No));
        return options;
    }

    /// <summary>For the column families that hold little: they are walked over, never asked for keys that are not there.</summary>
    private ColumnFamilyOptions CreateIndexOptions() => new ColumnFamilyOptions()
        .SetCompression(compress ? Compression.Lz4 : Compression.No)
        .SetWriteBufferSize((ulong)Options.WriteBufferBytes / 2)
        .SetMaxWriteBufferNumber(2)
        .SetLevelCompactionDynamicLevelBytes(true)
        .SetBlockBasedTableFactory(CreateTableOptions());

    private BlockBasedTableOptions CreateTableOptions() => new BlockBasedTableOptions()
        .SetBlockCache(cache)
        .SetBlockSize(16 << 10)
        .SetFormatVersion(5)
        // Otherwise each open file would hold its index and filter outside of any bound.
        .SetCacheIndexAndFilterBlocks(true)
        .SetPinL0FilterAndIndexBlocksInCache(true);

    private void WorkOnDisk()
    {
        foreach (var work in diskWork.GetConsumingEnumerable())
        {
            work();
        }
    }

    [LoggerMessage(1000, LogLevel.Warning, "RocksDB was built without LZ4 ({Reason}): new files are not compressed")]
    private static partial void LogNoCompression(ILogger logger, string reason);
}
