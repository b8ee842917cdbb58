using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>The setters that are about one column family's tables. (RocksDbSharp has all setters in one class.)</summary>
public abstract class ColumnFamilySetters<T> : OptionsHandle
    where T : ColumnFamilySetters<T>
{
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
