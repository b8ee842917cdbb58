using System.Globalization;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

/// <summary>Options are checked where they count: in the OPTIONS file that RocksDB writes of what it opened with.</summary>
public sealed class OptionsTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Database_options_reach_rocksdb()
    {
        DbOptions options = new DbOptions()
            .SetCreateIfMissing().SetCreateMissingColumnFamilies().SetErrorIfExists(false).SetParanoidChecks(false).IncreaseParallelism(3)
            .SetMaxOpenFiles(77).SetMaxFileOpeningThreads(5).SetMaxTotalWalSize(1234567).SetWalRecoveryMode(Recovery.TolerateCorruptedTailRecords)
            .SetMaxBackgroundCompactions(4).SetMaxBackgroundFlushes(2).SetMaxLogFileSize(7654321).SetKeepLogFileNum(3).SetRecycleLogFileNum(0)
            .SetMaxManifestFileSize(9999999).SetUseFsync(1).SetWalTtlSeconds(111).SetWalSizeLimitMB(222).SetUseDirectReads(false)
            .SetUseDirectIoForFlushAndCompaction(false).SetStatsDumpPeriodSec(33).SetDbWriteBufferSize(44444444).SetBytesPerSync(55555)
            .SetDeleteObsoleteFilesPeriodMicros(66666666).SetInfoLogLevel(InfoLogLevel.Warn)
            .SetDbLogDir(_directory["logs"]).SetWalDir(_directory["wal"]);
        Native.Instance.rocksdb_options_set_max_background_jobs(options.Handle, 6);
        Native.Instance.rocksdb_options_set_max_subcompactions(options.Handle, 2);
        Native.Instance.rocksdb_options_set_wal_bytes_per_sync(options.Handle, 77777);
        Native.Instance.rocksdb_options_set_atomic_flush(options.Handle, 1);
        Native.Instance.rocksdb_options_set_manual_wal_flush(options.Handle, 1);

        string written = Written(options, new ColumnFamilyOptions());

        Assert.All(
            [
                "create_if_missing=true", "create_missing_column_families=true", "error_if_exists=false", "paranoid_checks=false", "max_open_files=77",
                "max_file_opening_threads=5", "max_total_wal_size=1234567", "wal_recovery_mode=kTolerateCorruptedTailRecords",
                "max_background_compactions=4", "max_background_flushes=2", "max_log_file_size=7654321", "keep_log_file_num=3", "recycle_log_file_num=0",
                "max_manifest_file_size=9999999", "use_fsync=true", "WAL_ttl_seconds=111", "WAL_size_limit_MB=222", "use_direct_reads=false",
                "use_direct_io_for_flush_and_compaction=false", "stats_dump_period_sec=33", "db_write_buffer_size=44444444", "bytes_per_sync=55555",
                "delete_obsolete_files_period_micros=66666666", "info_log_level=WARN_LEVEL", $"db_log_dir={_directory["logs"]}",
                $"wal_dir={_directory["wal"]}", "max_background_jobs=6", "max_subcompactions=2", "wal_bytes_per_sync=77777", "atomic_flush=true",
                "manual_wal_flush=true",
            ],
            line => Assert.Contains("\n  " + line + "\n", written, StringComparison.Ordinal));
    }

    [Fact]
    public void Column_family_options_reach_rocksdb()
    {
        BlockBasedTableOptions table = new BlockBasedTableOptions()
            .SetBlockSize(16384).SetFilterPolicy(BloomFilterPolicy.Create(12, false)).SetWholeKeyFiltering(false).SetFormatVersion(4)
            .SetCacheIndexAndFilterBlocks(true).SetPinL0FilterAndIndexBlocksInCache(true).SetNoBlockCache(false);
        ColumnFamilyOptions options = new ColumnFamilyOptions()
            .SetWriteBufferSize(1111111).SetMaxWriteBufferNumber(5).SetMinWriteBufferNumberToMerge(2).SetNumLevels(6)
            .SetLevel0FileNumCompactionTrigger(7).SetLevel0SlowdownWritesTrigger(30).SetLevel0StopWritesTrigger(60).SetTargetFileSizeBase(2222222)
            .SetMaxBytesForLevelBase(33333333).SetLevelCompactionDynamicLevelBytes(true).SetDisableAutoCompactions(1).SetOptimizeFiltersForHits(1)
            .SetMemtablePrefixBloomSizeRatio(0.125).SetCompression(Compression.Lz4).SetCompactionStyle(Compaction.Level)
            .SetPrefixExtractor(SliceTransform.CreateFixedPrefix(3)).SetBlockBasedTableFactory(table);
        Native.Instance.rocksdb_options_set_enable_blob_files(options.Handle, 1);
        Native.Instance.rocksdb_options_set_min_blob_size(options.Handle, 88888);
        Native.Instance.rocksdb_options_set_blob_file_size(options.Handle, 99999999);
        Native.Instance.rocksdb_options_set_enable_blob_gc(options.Handle, 1);
        Native.Instance.rocksdb_options_set_blob_gc_age_cutoff(options.Handle, 0.625);
        Native.Instance.rocksdb_options_set_blob_compression_type(options.Handle, (int)Compression.Lz4);

        string written = Written(new DbOptions().SetCreateIfMissing().SetCreateMissingColumnFamilies(), options);
        string section = written[written.IndexOf("[CFOptions \"one\"]", StringComparison.Ordinal)..];

        Assert.All(
            [
                "write_buffer_size=1111111", "max_write_buffer_number=5", "min_write_buffer_number_to_merge=2", "num_levels=6",
                "level0_file_num_compaction_trigger=7", "level0_slowdown_writes_trigger=30", "level0_stop_writes_trigger=60",
                "target_file_size_base=2222222", "max_bytes_for_level_base=33333333", "level_compaction_dynamic_level_bytes=true",
                "disable_auto_compactions=true", "optimize_filters_for_hits=true", "memtable_prefix_bloom_size_ratio=0.125000",
                "compression=kLZ4Compression", "compaction_style=kCompactionStyleLevel", "block_size=16384", "whole_key_filtering=false", "format_version=4",
                "cache_index_and_filter_blocks=true", "pin_l0_filter_and_index_blocks_in_cache=true", "no_block_cache=false",
                "enable_blob_files=true", "min_blob_size=88888", "blob_file_size=99999999", "enable_blob_garbage_collection=true", "blob_garbage_collection_age_cutoff=0.625000", "blob_compression_type=kLZ4Compression",
            ],
            line => Assert.Contains("\n  " + line + "\n", section, StringComparison.Ordinal));
        Assert.Contains("prefix_extractor=rocksdb.FixedPrefix.3", section, StringComparison.Ordinal);
        Assert.Contains("filter_policy=bloomfilter", section, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void A_filter_has_the_bits_per_key_that_were_asked_for(int bits)
    {
        BlockBasedTableOptions table = new BlockBasedTableOptions().SetFilterPolicy(BloomFilterPolicy.Create(bits, false));
        using RocksDb database = RocksDb.Open(new DbOptions().SetCreateIfMissing().SetBlockBasedTableFactory(table), _directory["db"]);
        Fill(database);

        string properties = database.GetProperty("rocksdb.aggregated-table-properties")!;
        string size = properties.Split("filter block size=")[1].Split(';')[0];
        Assert.InRange(int.Parse(size, CultureInfo.InvariantCulture), 300 * bits / 8, (300 * bits / 8) + 100);
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused_in_rocksdbs_words()
    {
        BlockBasedTableOptions table = new BlockBasedTableOptions().SetNoBlockCache(true).SetCacheIndexAndFilterBlocks(true);
        var refused = Assert.Throws<RocksDbException>(
            () => RocksDb.Open(new DbOptions().SetCreateIfMissing().SetBlockBasedTableFactory(table), _directory["db"]));
        Assert.Contains("block cache is disabled", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Compression.No)]
    [InlineData(Compression.Snappy)]
    [InlineData(Compression.Zlib)]
    [InlineData(Compression.Bz2)]
    [InlineData(Compression.Lz4)]
    [InlineData(Compression.Lz4hc)]
    [InlineData(Compression.Zstd)]
    public void Debians_build_compresses_with(Compression compression)
    {
        using RocksDb database = RocksDb.Open(new DbOptions().SetCreateIfMissing().SetCompression(compression), _directory["db"]);
        string value = new('x', 100_000);
        database.Put("a", value);
        database.Flush(new FlushOptions());

        ulong size = Assert.Single(database.GetLiveFilesMetadata()).FileMetadata.FileSize;
        Assert.Equal(compression == Compression.No, size > 100_000);
        Assert.Equal(value, database.Get("a"));
    }

    [Fact]
    public void A_compression_that_is_not_built_in_is_refused_in_rocksdbs_words()
    {
        var refused = Assert.Throws<RocksDbException>(
            () => RocksDb.Open(new DbOptions().SetCreateIfMissing().SetCompression(Compression.Xpress), _directory["db"]));
        Assert.Contains("Compression type Xpress is not linked with the binary", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shared_cache_holds_the_blocks_of_several_databases_within_its_limit()
    {
        Cache cache = Cache.CreateLru(8 << 20);
        using RocksDb first = Cached("first", cache), second = Cached("second", cache);
        ulong empty = cache.GetUsage();

        Fill(first);
        ulong one = cache.GetUsage();
        Fill(second);

        Assert.True(one > empty + 100_000, $"the first database's blocks are not in the cache: {empty} to {one} bytes");
        Assert.True(cache.GetUsage() > one + 100_000, $"the second database's blocks are not in the cache: {one} to {cache.GetUsage()} bytes");
        Assert.InRange(cache.GetPinnedUsage(), 0UL, cache.GetUsage());
        cache.SetCapacity(64 << 10);
        Assert.InRange(cache.GetUsage() - cache.GetPinnedUsage(), 0UL, 64UL << 10);
    }

    [Fact]
    public void A_rate_limiter_outlives_its_creators_share()
    {
        var options = new DbOptions().SetCreateIfMissing();
        IntPtr limiter = Native.Instance.rocksdb_ratelimiter_create(64 << 20, 100_000, 10);
        Native.Instance.rocksdb_options_set_ratelimiter(options.Handle, limiter);
        Native.Instance.rocksdb_ratelimiter_destroy(limiter);
        using RocksDb database = RocksDb.Open(options, _directory["db"]);
        Fill(database);
        database.CompactRange((byte[]?)null, null);
        Assert.Equal("300", database.GetProperty("rocksdb.estimate-num-keys"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Native.Instance.rocksdb_ratelimiter_create(0, 100_000, 10));
    }

    private static void Fill(RocksDb database)
    {
        for (int i = 0; i < 300; i++)
        {
            database.Put(i.ToString("D6", CultureInfo.InvariantCulture), new string('x', 1000));
        }

        database.Flush(new FlushOptions());
        using Iterator iterator = database.NewIterator();
        for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
        {
            Assert.Equal(1000, iterator.GetValueSpan().Length);
        }
    }

    private RocksDb Cached(string name, Cache cache) => RocksDb.Open(
        new DbOptions().SetCreateIfMissing().SetBlockBasedTableFactory(new BlockBasedTableOptions().SetBlockCache(cache)), _directory[name]);

    /// <summary>The OPTIONS file of a database opened with these.</summary>
    private string Written(DbOptions options, ColumnFamilyOptions one)
    {
        using (RocksDb.Open(options, _directory["db"], new ColumnFamilies { { "one", one } }))
        {
            return File.ReadAllText(Directory.GetFiles(_directory["db"], "OPTIONS-*").Max()!);
        }
    }
}
