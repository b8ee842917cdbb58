using System.Runtime.InteropServices;
using RocksDbSharp.Handles;

namespace RocksDbSharp.Interop;

/// <summary>Imports that describe table files: block-based options, filters, caches, prefixes, and the rate of background writes.</summary>
internal static partial class TableApi
{
    private const string Library = NativeLibraryResolver.ImportName;

    [LibraryImport(Library)]
    internal static partial nint rocksdb_block_based_options_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_block_size(TableOptionsSafeHandle options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_filter_policy(TableOptionsSafeHandle options, nint policy);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_no_block_cache(TableOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_block_cache(TableOptionsSafeHandle options, CacheSafeHandle cache);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_whole_key_filtering(TableOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_format_version(TableOptionsSafeHandle options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_cache_index_and_filter_blocks(TableOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(TableOptionsSafeHandle options, byte value);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_filterpolicy_create_bloom_full(double bitsPerKey);

    [LibraryImport(Library)]
    internal static partial void rocksdb_filterpolicy_destroy(nint policy);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_slicetransform_create_fixed_prefix(nuint length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_slicetransform_destroy(nint transform);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_cache_create_lru(nuint capacity);

    [LibraryImport(Library)]
    internal static partial void rocksdb_cache_destroy(nint cache);

    [LibraryImport(Library)]
    internal static partial void rocksdb_cache_set_capacity(CacheSafeHandle cache, nuint capacity);

    [LibraryImport(Library)]
    internal static partial nuint rocksdb_cache_get_usage(CacheSafeHandle cache);

    [LibraryImport(Library)]
    internal static partial nuint rocksdb_cache_get_pinned_usage(CacheSafeHandle cache);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_ratelimiter_create(long bytesPerSecond, long refillPeriodMicroseconds, int fairness);

    [LibraryImport(Library)]
    internal static partial void rocksdb_ratelimiter_destroy(nint limiter);
}
