using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>How table files are laid out and cached. Freed by the finalizer; RocksDB shares the cache by its own references.</summary>
public class BlockBasedTableOptions
{
    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal TableOptionsSafeHandle SafeHandle { get; } = new();

    /// <summary>Bytes of a block before compression. Default: 4 KiB.</summary>
    public BlockBasedTableOptions SetBlockSize(ulong blockSize)
    {
        TableApi.rocksdb_block_based_options_set_block_size(SafeHandle, (nuint)blockSize);
        return this;
    }

    /// <summary>Adds a filter to each table; these options then own <paramref name="filterPolicy"/>.</summary>
    /// <exception cref="InvalidOperationException">Other options own it already.</exception>
    public BlockBasedTableOptions SetFilterPolicy(BloomFilterPolicy filterPolicy)
    {
        ArgumentNullException.ThrowIfNull(filterPolicy);
        TableApi.rocksdb_block_based_options_set_filter_policy(SafeHandle, filterPolicy.SafeHandle.GiveAway("filter policy"));
        return this;
    }

    /// <summary>Whether blocks are not cached at all. Default: false.</summary>
    public BlockBasedTableOptions SetNoBlockCache(bool noBlockCache)
    {
        TableApi.rocksdb_block_based_options_set_no_block_cache(SafeHandle, Native.MarshalBool(noBlockCache));
        return this;
    }

    /// <summary>The cache of blocks, which several databases may share. Default: 8 MiB of each table options' own.</summary>
    public BlockBasedTableOptions SetBlockCache(Cache blockCache)
    {
        ArgumentNullException.ThrowIfNull(blockCache);
        TableApi.rocksdb_block_based_options_set_block_cache(SafeHandle, blockCache.SafeHandle);
        return this;
    }

    /// <summary>Whether the filter holds whole keys. Default: true.</summary>
    public BlockBasedTableOptions SetWholeKeyFiltering(bool wholeKeyFiltering)
    {
        TableApi.rocksdb_block_based_options_set_whole_key_filtering(SafeHandle, Native.MarshalBool(wholeKeyFiltering));
        return this;
    }

    /// <summary>The version of the files' format; 5 is the newest that RocksDB 7.8 reads. Default: 5.</summary>
    public BlockBasedTableOptions SetFormatVersion(int formatVersion)
    {
        TableApi.rocksdb_block_based_options_set_format_version(SafeHandle, formatVersion);
        return this;
    }

    /// <summary>Whether indexes and filters live in the block cache, and within its limit. Default: false, which is outside of it.</summary>
    public BlockBasedTableOptions SetCacheIndexAndFilterBlocks(bool cacheIndexAndFilterBlocks)
    {
        TableApi.rocksdb_block_based_options_set_cache_index_and_filter_blocks(SafeHandle, Native.MarshalBool(cacheIndexAndFilterBlocks));
        return this;
    }

    /// <summary>Whether those of level 0 stay in the cache. Default: false.</summary>
    public BlockBasedTableOptions SetPinL0FilterAndIndexBlocksInCache(bool pinL0FilterAndIndexBlocksInCache)
    {
        TableApi.rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(
            SafeHandle, Native.MarshalBool(pinL0FilterAndIndexBlocksInCache));
        return this;
    }
}
