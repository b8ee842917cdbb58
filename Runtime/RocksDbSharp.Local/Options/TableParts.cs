using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>A cache of blocks with a limit in bytes. Lives until this object and every database that uses it are gone.</summary>
public class Cache
{
    private Cache(CacheSafeHandle handle) => SafeHandle = handle;

    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal CacheSafeHandle SafeHandle { get; }

    /// <summary>A cache of <paramref name="capacity"/> bytes that drops what was not used for longest.</summary>
    public static Cache CreateLru(ulong capacity) => new(new CacheSafeHandle(capacity));

    /// <summary>Changes the limit, in bytes.</summary>
    public Cache SetCapacity(ulong capacity)
    {
        TableApi.rocksdb_cache_set_capacity(SafeHandle, (nuint)capacity);
        return this;
    }

    /// <summary>Bytes in the cache.</summary>
    public ulong GetUsage() => TableApi.rocksdb_cache_get_usage(SafeHandle);

    /// <summary>Bytes in the cache that something is using right now, and that therefore cannot be dropped.</summary>
    public ulong GetPinnedUsage() => TableApi.rocksdb_cache_get_pinned_usage(SafeHandle);
}

/// <summary>A Bloom filter, which spares reads of tables that do not hold the key. For one table options object.</summary>
public class BloomFilterPolicy
{
    private BloomFilterPolicy(FilterPolicySafeHandle handle) => SafeHandle = handle;

    internal FilterPolicySafeHandle SafeHandle { get; }

    /// <summary>A filter of <paramref name="bits_per_key"/> bits per key; 10 err in about 1 % of the cases.</summary>
    /// <param name="bits_per_key">Bits per key.</param>
    /// <param name="use_block_based_builder">Without effect: RocksDB 7 has only the full filter left, which is what it makes of either.</param>
    public static BloomFilterPolicy Create(int bits_per_key = 10, bool use_block_based_builder = true)
    {
        _ = use_block_based_builder;
        return new(new FilterPolicySafeHandle(bits_per_key));
    }
}

/// <summary>Takes the prefix out of a key. For one options object.</summary>
public class SliceTransform
{
    private SliceTransform(SliceTransformSafeHandle handle) => SafeHandle = handle;

    internal SliceTransformSafeHandle SafeHandle { get; }

    /// <summary>The first <paramref name="fixed_prefix_length"/> bytes; shorter keys have no prefix.</summary>
    public static SliceTransform CreateFixedPrefix(ulong fixed_prefix_length) =>
        new(new SliceTransformSafeHandle(TableApi.rocksdb_slicetransform_create_fixed_prefix((nuint)fixed_prefix_length)));
}
