using System.Buffers;
using System.Text;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// Changes that are written as one: all or none, with consecutive sequences. Its bytes (<see cref="ToBytes"/>) are RocksDB's own
/// format, the one the write-ahead log holds: 8 bytes of sequence, 4 bytes of count (both little-endian), then the entries, which name their
/// column families by number. For one thread at a time.
/// </summary>
public class WriteBatch : IDisposable
{
    /// <summary>Bytes before the first entry. RocksDB reads them without looking at the length.</summary>
    private const int HeaderLength = 12;

    private readonly WriteBatchSafeHandle _handle;

    /// <summary>Begins an empty batch.</summary>
    public WriteBatch()
        : this(new WriteBatchSafeHandle(WriteBatchApi.rocksdb_writebatch_create()))
    {
    }

    /// <summary>Takes over the first <paramref name="size"/> bytes of <paramref name="rep"/> (all of them, if negative) as a batch's bytes.</summary>
    /// <exception cref="ArgumentException">Too short for a batch. What follows the header is for the caller to check: see <see cref="RocksDb.Write"/>.</exception>
    public WriteBatch(byte[] rep, long size = -1)
        : this(CreateFrom(Prefix(rep, size)))
    {
    }

    internal WriteBatch(WriteBatchSafeHandle handle) => _handle = handle;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => _handle.Pointer;

    internal WriteBatchSafeHandle SafeHandle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _handle;
        }
    }

    /// <summary>A batch of the bytes <paramref name="data"/>.</summary>
    /// <exception cref="ArgumentException">Too short for a batch. What follows the header is for the caller to check: see <see cref="RocksDb.Write"/>.</exception>
    public static WriteBatch FromSpan(ReadOnlySpan<byte> data) => new(CreateFrom(data));

    /// <summary>Gives back a buffer of <see cref="ToBytesPooled"/>.</summary>
    public static void ReturnPooledBytes(byte[] bytes) => ArrayPool<byte>.Shared.Return(bytes);

    /// <summary>Drops all entries.</summary>
    public WriteBatch Clear()
    {
        WriteBatchApi.rocksdb_writebatch_clear(SafeHandle);
        return this;
    }

    /// <summary>The number of entries, and of sequences that writing the batch takes.</summary>
    public int Count() => WriteBatchApi.rocksdb_writebatch_count(SafeHandle);

    /// <summary>Sets a key.</summary>
    public WriteBatch Put(string key, string val, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        return Put(encoding.GetBytes(key).AsSpan(), encoding.GetBytes(val));
    }

    /// <summary>Sets a key.</summary>
    public WriteBatch Put(byte[] key, byte[] val, ColumnFamilyHandle? cf = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(val);
        return Put(key.AsSpan(), val, cf);
    }

    /// <summary>Sets a key.</summary>
    public WriteBatch Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ColumnFamilyHandle? cf = null)
    {
        if (cf is null)
        {
            WriteBatchApi.rocksdb_writebatch_put(SafeHandle, key, (nuint)key.Length, value, (nuint)value.Length);
        }
        else
        {
            WriteBatchApi.rocksdb_writebatch_put_cf(
                SafeHandle, ColumnFamilyHandleInternal.Of(cf), key, (nuint)key.Length, value, (nuint)value.Length);
        }

        return this;
    }

    /// <summary>Sets a key to the parts of a value, one behind the other, which are copied into the batch only.</summary>
    public unsafe WriteBatch PutVector(ColumnFamilyHandle columnFamily, ReadOnlyMemory<byte> key, params ReadOnlyMemory<byte>[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using MemoryHandle pinnedKey = key.Pin();
        var pinned = new MemoryHandle[values.Length];
        var parts = new nint[values.Length];
        var lengths = new nuint[values.Length];
        try
        {
            for (int i = 0; i < values.Length; i++)
            {
                pinned[i] = values[i].Pin();
                parts[i] = (nint)pinned[i].Pointer;
                lengths[i] = (nuint)values[i].Length;
            }

            WriteBatchApi.rocksdb_writebatch_putv_cf(
                SafeHandle, ColumnFamilyHandleInternal.Of(columnFamily), 1, [(nint)pinnedKey.Pointer], [(nuint)key.Length], values.Length, parts, lengths);
        }
        finally
        {
            Array.ForEach(pinned, handle => handle.Dispose());
        }

        return this;
    }

    /// <summary>Removes a key.</summary>
    public WriteBatch Delete(byte[] key, ColumnFamilyHandle? cf = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Delete(key.AsSpan(), cf);
    }

    /// <summary>Removes a key.</summary>
    public WriteBatch Delete(ReadOnlySpan<byte> key, ColumnFamilyHandle? cf = null)
    {
        if (cf is null)
        {
            WriteBatchApi.rocksdb_writebatch_delete(SafeHandle, key, (nuint)key.Length);
        }
        else
        {
            WriteBatchApi.rocksdb_writebatch_delete_cf(SafeHandle, ColumnFamilyHandleInternal.Of(cf), key, (nuint)key.Length);
        }

        return this;
    }

    /// <summary>Removes the keys from <paramref name="startKey"/> on, up to but without <paramref name="endKey"/>; lengths in bytes.</summary>
    /// <exception cref="ArgumentException">The end comes before the start.</exception>
    public unsafe WriteBatch DeleteRange(byte[] startKey, ulong sklen, byte[] endKey, ulong eklen, ColumnFamilyHandle? cf = null)
    {
        ArgumentNullException.ThrowIfNull(startKey);
        ArgumentNullException.ThrowIfNull(endKey);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sklen, (ulong)startKey.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(eklen, (ulong)endKey.Length);
        fixed (byte* start = startKey)
        fixed (byte* end = endKey)
        {
            DeleteRange(start, sklen, end, eklen, cf);
        }

        return this;
    }

    /// <inheritdoc cref="DeleteRange(byte[], ulong, byte[], ulong, ColumnFamilyHandle?)"/>
    public unsafe void DeleteRange(byte* startKey, ulong sklen, byte* endKey, ulong eklen, ColumnFamilyHandle? cf = null)
    {
        // RocksDB notices this only when the batch is in the log, and then refuses every further write.
        if (new ReadOnlySpan<byte>(startKey, checked((int)sklen)).SequenceCompareTo(new ReadOnlySpan<byte>(endKey, checked((int)eklen))) > 0)
        {
            throw new ArgumentException("The end of the range comes before its start; exchange them.", nameof(endKey));
        }

        if (cf is null)
        {
            WriteBatchApi.rocksdb_writebatch_delete_range(SafeHandle, startKey, (nuint)sklen, endKey, (nuint)eklen);
        }
        else
        {
            WriteBatchApi.rocksdb_writebatch_delete_range_cf(
                SafeHandle, ColumnFamilyHandleInternal.Of(cf), startKey, (nuint)sklen, endKey, (nuint)eklen);
        }
    }

    /// <summary>Adds <paramref name="len"/> bytes that go into the write-ahead log and nowhere else; takes no sequence.</summary>
    public WriteBatch PutLogData(byte[] blob, ulong len)
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(len, (ulong)blob.Length);
        WriteBatchApi.rocksdb_writebatch_put_log_data(SafeHandle, blob, (nuint)len);
        return this;
    }

    /// <summary>A copy of the batch's bytes.</summary>
    public byte[] ToBytes()
    {
        WriteBatchSafeHandle batch = SafeHandle;
        using var use = new HandleUse(batch);
        return Data(batch).ToArray();
    }

    /// <summary>A copy of the batch's bytes in a pooled buffer, which is usually longer than <paramref name="size"/>.</summary>
    public byte[] ToBytesPooled(out int size)
    {
        WriteBatchSafeHandle batch = SafeHandle;
        using var use = new HandleUse(batch);
        ReadOnlySpan<byte> data = Data(batch);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(buffer);
        size = data.Length;
        return buffer;
    }

    /// <summary>Frees the batch.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        GC.SuppressFinalize(this);
    }

    private static unsafe ReadOnlySpan<byte> Data(WriteBatchSafeHandle batch)
    {
        nint data = WriteBatchApi.rocksdb_writebatch_data(batch, out nuint length);
        return new ReadOnlySpan<byte>((void*)data, checked((int)length));
    }

    private static ReadOnlySpan<byte> Prefix(byte[] rep, long size)
    {
        ArgumentNullException.ThrowIfNull(rep);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, rep.Length);
        return size < 0 ? rep : rep.AsSpan(0, (int)size);
    }

    private static WriteBatchSafeHandle CreateFrom(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderLength)
        {
            throw new ArgumentException($"A write batch has at least {HeaderLength} bytes; these are {data.Length}.", nameof(data));
        }

        return new WriteBatchSafeHandle(WriteBatchApi.rocksdb_writebatch_create_from(data, (nuint)data.Length));
    }
}
