using System.Text;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// Walks a column family in key order, over the contents at the moment of its creation or at its options' snapshot. For one thread at a
/// time. An iterator that a read error stopped is not valid either: ask <see cref="Native.rocksdb_iter_get_error"/> at the end
/// of a walk that must be complete.
/// </summary>
public class Iterator : IDisposable
{
    private readonly IteratorSafeHandle _handle;

    // Unknown after each move; asked for once, since a walk asks for it again with each key and value.
    private bool? _valid;

    private Iterator(IteratorSafeHandle handle) => _handle = handle;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => _handle.Pointer;

    /// <summary>Whether the iterator stands on an entry.</summary>
    public bool Valid()
    {
        IteratorSafeHandle iterator = InUse();
        return _valid ??= DataApi.rocksdb_iter_valid(iterator) != 0;
    }

    /// <summary>Moves to the first key.</summary>
    public Iterator SeekToFirst()
    {
        DataApi.rocksdb_iter_seek_to_first(Move());
        return this;
    }

    /// <summary>Moves to the last key.</summary>
    public Iterator SeekToLast()
    {
        DataApi.rocksdb_iter_seek_to_last(Move());
        return this;
    }

    /// <summary>Moves to the first key that is not below <paramref name="key"/>.</summary>
    public Iterator Seek(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Seek(key.AsSpan());
    }

    /// <inheritdoc cref="Seek(byte[])"/>
    public Iterator Seek(string key) => Seek(Encoding.UTF8.GetBytes(key));

    /// <inheritdoc cref="Seek(byte[])"/>
    public Iterator Seek(ReadOnlySpan<byte> key)
    {
        DataApi.rocksdb_iter_seek(Move(), key, (nuint)key.Length);
        return this;
    }

    /// <summary>Moves to the last key that is not above <paramref name="key"/>.</summary>
    public Iterator SeekForPrev(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return SeekForPrev(key.AsSpan());
    }

    /// <inheritdoc cref="SeekForPrev(byte[])"/>
    public Iterator SeekForPrev(string key) => SeekForPrev(Encoding.UTF8.GetBytes(key));

    /// <inheritdoc cref="SeekForPrev(byte[])"/>
    public Iterator SeekForPrev(ReadOnlySpan<byte> key)
    {
        DataApi.rocksdb_iter_seek_for_prev(Move(), key, (nuint)key.Length);
        return this;
    }

    /// <summary>Moves to the following key.</summary>
    /// <exception cref="InvalidOperationException">The iterator stands on no entry.</exception>
    public Iterator Next()
    {
        OnEntry();
        DataApi.rocksdb_iter_next(Move());
        return this;
    }

    /// <summary>Moves to the preceding key.</summary>
    /// <exception cref="InvalidOperationException">The iterator stands on no entry.</exception>
    public Iterator Prev()
    {
        OnEntry();
        DataApi.rocksdb_iter_prev(Move());
        return this;
    }

    /// <summary>A copy of the key.</summary>
    public byte[] Key() => GetKeySpan().ToArray();

    /// <summary>A copy of the value.</summary>
    public byte[] Value() => GetValueSpan().ToArray();

    /// <summary>What <paramref name="deserializer"/> makes of the key, without a copy.</summary>
    public T Key<T>(ISpanDeserializer<T> deserializer) => deserializer.Deserialize(GetKeySpan());

    /// <summary>What <paramref name="deserializer"/> makes of the value, without a copy.</summary>
    public T Value<T>(ISpanDeserializer<T> deserializer) => deserializer.Deserialize(GetValueSpan());

    /// <summary>The key in RocksDB's memory: valid until the iterator moves or is disposed.</summary>
    public unsafe ReadOnlySpan<byte> GetKeySpan()
    {
        nint key = DataApi.rocksdb_iter_key(OnEntry(), out nuint length);
        return new ReadOnlySpan<byte>((void*)key, checked((int)length));
    }

    /// <summary>The value in RocksDB's memory: valid until the iterator moves or is disposed.</summary>
    public unsafe ReadOnlySpan<byte> GetValueSpan()
    {
        nint value = DataApi.rocksdb_iter_value(OnEntry(), out nuint length);
        return new ReadOnlySpan<byte>((void*)value, checked((int)length));
    }

    /// <summary>The key as UTF-8 text.</summary>
    public string StringKey() => Encoding.UTF8.GetString(GetKeySpan());

    /// <summary>The value as UTF-8 text.</summary>
    public string StringValue() => Encoding.UTF8.GetString(GetValueSpan());

    /// <summary>Closes the iterator and lets go of the files it read.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static Iterator Create(DatabaseHandle database, ColumnFamilySafeHandle columnFamily, ReadOptions options)
    {
        using SnapshotUse snapshot = options.UseSnapshot(database);
        var handle = new IteratorSafeHandle(database, options.SafeHandle);
        try
        {
            handle.Attach(DataApi.rocksdb_create_iterator_cf(database, options.SafeHandle, columnFamily));
            return new Iterator(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private IteratorSafeHandle InUse()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.Database.InUse();
        return _handle;
    }

    private IteratorSafeHandle Move()
    {
        IteratorSafeHandle iterator = InUse();
        _valid = null;
        return iterator;
    }

    private IteratorSafeHandle OnEntry()
    {
        if (!Valid())
        {
            throw new InvalidOperationException("The iterator stands on no entry; ask Valid first.");
        }

        return _handle;
    }
}
