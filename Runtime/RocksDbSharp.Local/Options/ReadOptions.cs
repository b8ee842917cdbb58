using System.Text;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>How a read is done. Freed by the finalizer, after the last iterator that was made with them.</summary>
public class ReadOptions
{
    private Snapshot? _snapshot;

    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal ReadOptionsSafeHandle SafeHandle { get; } = new();

    /// <summary>Whether checksums of blocks that are read from files are compared. Default: true.</summary>
    public ReadOptions SetVerifyChecksums(bool value)
    {
        OptionsApi.rocksdb_readoptions_set_verify_checksums(SafeHandle, Native.MarshalBool(value));
        return this;
    }

    /// <summary>Whether blocks that are read enter the block cache; a walk over everything should say no. Default: true.</summary>
    public ReadOptions SetFillCache(bool value)
    {
        OptionsApi.rocksdb_readoptions_set_fill_cache(SafeHandle, Native.MarshalBool(value));
        return this;
    }

    /// <summary>Reads the database as it stood at <paramref name="snapshot"/>, which must be open whenever these options are used.</summary>
    public ReadOptions SetSnapshot(Snapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ObjectDisposedException.ThrowIf(snapshot.Handle == 0, snapshot);
        OptionsApi.rocksdb_readoptions_set_snapshot(SafeHandle, snapshot.Handle);
        _snapshot = snapshot;
        return this;
    }

    /// <summary>Whether an iterator ends with the prefix that it was put on; needs a prefix extractor. Default: false.</summary>
    public ReadOptions SetPrefixSameAsStart(bool prefixSameAsStart)
    {
        OptionsApi.rocksdb_readoptions_set_prefix_same_as_start(SafeHandle, Native.MarshalBool(prefixSameAsStart));
        return this;
    }

    /// <summary>Whether iterators keep key order over all prefixes although there is a prefix extractor. Default: false.</summary>
    public ReadOptions SetTotalOrderSeek(bool enable)
    {
        OptionsApi.rocksdb_readoptions_set_total_order_seek(SafeHandle, Native.MarshalBool(enable));
        return this;
    }

    /// <summary>The least key that iterators stand on; a copy is taken.</summary>
    /// <exception cref="InvalidOperationException">An iterator made with these options is open.</exception>
    public ReadOptions SetIterateLowerBound(byte[] key, ulong keyLen)
    {
        SafeHandle.SetLowerBound(Prefix(key, keyLen));
        return this;
    }

    /// <inheritdoc cref="SetIterateLowerBound(byte[], ulong)"/>
    public ReadOptions SetIterateLowerBound(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return SetIterateLowerBound(key, (ulong)key.Length);
    }

    /// <inheritdoc cref="SetIterateLowerBound(byte[], ulong)"/>
    public ReadOptions SetIterateLowerBound(string stringKey, Encoding? encoding = null) =>
        SetIterateLowerBound((encoding ?? Encoding.UTF8).GetBytes(stringKey));

    /// <summary>The key that iterators end before; a copy is taken.</summary>
    /// <exception cref="InvalidOperationException">An iterator made with these options is open.</exception>
    public ReadOptions SetIterateUpperBound(byte[] key, ulong keyLen)
    {
        SafeHandle.SetUpperBound(Prefix(key, keyLen));
        return this;
    }

    /// <inheritdoc cref="SetIterateUpperBound(byte[], ulong)"/>
    public ReadOptions SetIterateUpperBound(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return SetIterateUpperBound(key, (ulong)key.Length);
    }

    /// <inheritdoc cref="SetIterateUpperBound(byte[], ulong)"/>
    public ReadOptions SetIterateUpperBound(string stringKey, Encoding? encoding = null) =>
        SetIterateUpperBound((encoding ?? Encoding.UTF8).GetBytes(stringKey));

    /// <summary>Bytes that an iterator reads ahead; 0 lets RocksDB decide. Default: 0.</summary>
    public ReadOptions SetReadaheadSize(ulong size)
    {
        OptionsApi.rocksdb_readoptions_set_readahead_size(SafeHandle, (nuint)size);
        return this;
    }

    /// <summary>Whether iterators see what is written after their creation. Default: false.</summary>
    public ReadOptions SetTailing(bool value)
    {
        OptionsApi.rocksdb_readoptions_set_tailing(SafeHandle, Native.MarshalBool(value));
        return this;
    }

    /// <summary>Whether files that an iterator was the last to need are deleted by a background job, not by its disposal. Default: false.</summary>
    public ReadOptions SetBackgroundPurgeOnIteratorCleanup(bool value)
    {
        OptionsApi.rocksdb_readoptions_set_background_purge_on_iterator_cleanup(SafeHandle, Native.MarshalBool(value));
        return this;
    }

    internal SnapshotUse UseSnapshot(DatabaseHandle database) => new(_snapshot?.SafeHandle, database);

    private static ReadOnlySpan<byte> Prefix(byte[] key, ulong keyLen)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keyLen, (ulong)key.Length);
        return key.AsSpan(0, (int)keyLen);
    }
}
