using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// An open RocksDB database. All members may be called from several threads at a time.
/// <para>Disposing refuses every later call, on the database and on everything made from it, with <see cref="ObjectDisposedException"/>.
/// The directory's lock is given back when calls that are still running have returned and iterators, snapshots, checkpoints and log iterators
/// are disposed too.</para>
/// </summary>
public sealed class RocksDb : IDisposable
{
    internal static readonly ReadOptions DefaultReadOptions = new();
    internal static readonly WriteOptions DefaultWriteOptions = new();

    private readonly DatabaseHandle _handle;
    private readonly ColumnFamilyHandleInternal _default;

    // Null if the database was opened without naming its column families.
    private readonly ConcurrentDictionary<string, ColumnFamilyHandleInternal>? _columnFamilies;

    internal RocksDb(DatabaseHandle handle, string path, IReadOnlyDictionary<string, ColumnFamilyHandleInternal> families, bool named)
    {
        _handle = handle;
        Path = path;
        _default = families[ColumnFamilies.DefaultName];
        _columnFamilies = named ? new(families) : null;
    }

    /// <summary>The native pointer, or 0 after disposal.</summary>
    public IntPtr Handle => _handle.Pointer;

    /// <summary>The directory, as given.</summary>
    public string Path { get; }

    /// <summary>Opens a database that has only the default column family.</summary>
    /// <exception cref="RocksDbException">It is missing, locked by another process, has other column families, or is damaged.</exception>
    public static RocksDb Open(OptionsHandle options, string path) => DatabaseOpening.Open(options, path, null, null);

    /// <summary>Opens a database with the column families it has, and those that its options create.</summary>
    /// <exception cref="RocksDbException">It is missing, locked by another process, has other column families, or is damaged.</exception>
    public static RocksDb Open(DbOptions options, string path, ColumnFamilies columnFamilies)
    {
        ArgumentNullException.ThrowIfNull(columnFamilies);
        return DatabaseOpening.Open(options, path, columnFamilies, null);
    }

    /// <summary>Opens a database to read what it holds now, without its lock; its write-ahead log is replayed in memory.</summary>
    /// <exception cref="RocksDbException">It is missing or damaged, or a log file exists and must not.</exception>
    public static RocksDb OpenReadOnly(OptionsHandle options, string path, bool errorIfLogFileExists) =>
        DatabaseOpening.Open(options, path, null, errorIfLogFileExists);

    /// <inheritdoc cref="OpenReadOnly(OptionsHandle, string, bool)"/>
    public static RocksDb OpenReadOnly(DbOptions options, string path, ColumnFamilies columnFamilies, bool errIfLogFileExists)
    {
        ArgumentNullException.ThrowIfNull(columnFamilies);
        return DatabaseOpening.Open(options, path, columnFamilies, errIfLogFileExists);
    }

    /// <summary>The names of a database's column families.</summary>
    /// <exception cref="RocksDbException">There is no database.</exception>
    public static IEnumerable<string> ListColumnFamilies(DbOptions options, string name)
    {
        string[] families = DatabaseOpening.List(options, name, out nint error);
        RocksDbException.ThrowIfSet(error);
        return families;
    }

    /// <summary>The names of a database's column families; false and none if there is no database.</summary>
    public static bool TryListColumnFamilies(DbOptions options, string name, out string[] columnFamilies)
    {
        columnFamilies = DatabaseOpening.List(options, name, out nint error);
        if (error == 0)
        {
            return true;
        }

        DatabaseApi.rocksdb_free(error);
        return false;
    }

    /// <summary>A copy of a key's value, or null.</summary>
    public byte[]? Get(byte[] key, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Get(key.AsSpan(), cf, readOptions);
    }

    /// <summary>A copy of a key's value, or null.</summary>
    public byte[]? Get(ReadOnlySpan<byte> key, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null)
    {
        using var value = new PinnedValue(_handle.InUse(), Family(cf), key, readOptions);
        return value.Found ? value.Bytes.ToArray() : null;
    }

    /// <summary>A key's value as text, or null. Default encoding: UTF-8.</summary>
    public string? Get(string key, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        using var value = new PinnedValue(_handle.InUse(), Family(cf), encoding.GetBytes(key), readOptions);
        return value.Found ? encoding.GetString(value.Bytes) : null;
    }

    /// <summary>What <paramref name="deserializer"/> makes of a key's value, which is not copied; the default of <typeparamref name="T"/> if there is none.</summary>
    public T? Get<T>(ReadOnlySpan<byte> key, ISpanDeserializer<T> deserializer, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null)
    {
        ArgumentNullException.ThrowIfNull(deserializer);
        using var value = new PinnedValue(_handle.InUse(), Family(cf), key, readOptions);
        return value.Found ? deserializer.Deserialize(value.Bytes) : default;
    }

    /// <summary>Whether there is such a key.</summary>
    public bool HasKey(ReadOnlySpan<byte> key, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null)
    {
        using var value = new PinnedValue(_handle.InUse(), Family(cf), key, readOptions);
        return value.Found;
    }

    /// <summary>Whether there is such a key. Default encoding: UTF-8.</summary>
    public bool HasKey(string key, ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null, Encoding? encoding = null) =>
        HasKey((encoding ?? Encoding.UTF8).GetBytes(key).AsSpan(), cf, readOptions);

    /// <summary>Many keys with their values, or null; <paramref name="cf"/>, if given, names one column family for each key.</summary>
    public KeyValuePair<byte[], byte[]?>[] MultiGet(byte[][] keys, ColumnFamilyHandle[]? cf = null, ReadOptions? readOptions = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var families = new ColumnFamilySafeHandle[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            families[i] = Family(cf?[i]);
        }

        return MultiRead.Get(_handle.InUse(), keys, families, readOptions ?? DefaultReadOptions);
    }

    /// <summary>Sets a key.</summary>
    public void Put(byte[] key, byte[] value, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        Put(key.AsSpan(), value, cf, writeOptions);
    }

    /// <summary>Sets a key.</summary>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null)
    {
        nint error = 0;
        DataApi.rocksdb_put_cf(
            _handle.InUse(), (writeOptions ?? DefaultWriteOptions).SafeHandle, Family(cf),
            key, (nuint)key.Length, value, (nuint)value.Length, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Sets a key. Default encoding: UTF-8.</summary>
    public void Put(string key, string value, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        Put(encoding.GetBytes(key).AsSpan(), encoding.GetBytes(value), cf, writeOptions);
    }

    /// <summary>Removes a key, if it is there.</summary>
    public void Remove(byte[] key, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        Remove(key.AsSpan(), cf, writeOptions);
    }

    /// <summary>Removes a key, if it is there.</summary>
    public void Remove(string key, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null) =>
        Remove(Encoding.UTF8.GetBytes(key).AsSpan(), cf, writeOptions);

    /// <summary>Removes a key, if it is there.</summary>
    public void Remove(ReadOnlySpan<byte> key, ColumnFamilyHandle? cf = null, WriteOptions? writeOptions = null)
    {
        nint error = 0;
        DataApi.rocksdb_delete_cf(
            _handle.InUse(), (writeOptions ?? DefaultWriteOptions).SafeHandle, Family(cf), key, (nuint)key.Length, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Writes all of a batch or nothing of it. The sequences in its bytes are replaced by this database's next ones.</summary>
    /// <exception cref="RocksDbException">
    /// The log could not be written; or the batch is malformed or names a column family that is not here, which RocksDB notices only when it has
    /// logged it: the database then refuses writes, and after a malformed one cannot be opened again. Check bytes that come from elsewhere first.
    /// </exception>
    public void Write(WriteBatch writeBatch, WriteOptions? writeOptions = null)
    {
        ArgumentNullException.ThrowIfNull(writeBatch);
        nint error = 0;
        DataApi.rocksdb_write(_handle.InUse(), (writeOptions ?? DefaultWriteOptions).SafeHandle, writeBatch.SafeHandle, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>An iterator, on no entry yet.</summary>
    public Iterator NewIterator(ColumnFamilyHandle? cf = null, ReadOptions? readOptions = null) =>
        Iterator.Create(_handle.InUse(), Family(cf), readOptions ?? DefaultReadOptions);

    /// <summary>The database as it stands now, to read from.</summary>
    public Snapshot CreateSnapshot() => Snapshot.Create(_handle);

    /// <summary>An object that makes openable copies of the database.</summary>
    public Checkpoint Checkpoint() => RocksDbSharp.Checkpoint.Create(_handle);

    /// <summary>The sequence of the newest entry; 0 in a new database.</summary>
    public ulong GetLatestSequenceNumber() => DatabaseApi.rocksdb_get_latest_sequence_number(_handle.InUse());

    /// <summary>The write-ahead log from the batch on that holds <paramref name="sequenceNumber"/>; see <see cref="TransactionLogIterator"/> for what it does at a gap.</summary>
    /// <exception cref="RocksDbException">The sequence is above the latest.</exception>
    public TransactionLogIterator GetUpdatesSince(ulong sequenceNumber) => TransactionLogIterator.Create(_handle, sequenceNumber);

    /// <summary>Writes the default column family's memtable to a table file.</summary>
    public void Flush(FlushOptions flushOptions)
    {
        ArgumentNullException.ThrowIfNull(flushOptions);
        nint error = 0;
        DatabaseApi.rocksdb_flush_cf(_handle.InUse(), flushOptions.SafeHandle, _default.SafeHandle, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Merges the tables between two keys (null: no bound) down to the last level, and waits for it.</summary>
    public void CompactRange(byte[]? start, byte[]? limit, ColumnFamilyHandle? cf = null) =>
        DatabaseApi.rocksdb_compact_range_cf(
            _handle.InUse(), Family(cf), start, (nuint)(start?.Length ?? 0), limit, (nuint)(limit?.Length ?? 0));

    /// <inheritdoc cref="CompactRange(byte[], byte[], ColumnFamilyHandle)"/>
    public void CompactRange(string? start, string? limit, ColumnFamilyHandle? cf = null, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        CompactRange(start is null ? null : encoding.GetBytes(start), limit is null ? null : encoding.GetBytes(limit), cf);
    }

    /// <summary>Keeps all files from being deleted until <see cref="EnableFileDeletions"/> was called as often.</summary>
    public void DisableFileDeletions()
    {
        nint error = 0;
        DatabaseApi.rocksdb_disable_file_deletions(_handle.InUse(), ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Takes back one <see cref="DisableFileDeletions"/>.</summary>
    public void EnableFileDeletions()
    {
        // Not forced: newer releases have no such parameter, and count.
        nint error = 0;
        DatabaseApi.rocksdb_enable_file_deletions(_handle.InUse(), force: 0, ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>Changes options of the default column family, by RocksDB's names.</summary>
    /// <exception cref="RocksDbException">There is no such option, or it cannot be changed.</exception>
    public void SetOptions(IEnumerable<KeyValuePair<string, string>> options)
    {
        KeyValuePair<string, string>[] pairs = [.. options];
        nint error = 0;
        DatabaseApi.rocksdb_set_options(
            _handle.InUse(), pairs.Length, [.. pairs.Select(pair => pair.Key)], [.. pairs.Select(pair => pair.Value)], ref error);
        RocksDbException.ThrowIfSet(error);
    }

    /// <summary>A property of the default column family (such as 'rocksdb.estimate-num-keys'), or null if there is none of this name.</summary>
    public string? GetProperty(string propertyName) => Property(propertyName, _default.SafeHandle);

    /// <summary>A property of a column family, or null if there is none of this name.</summary>
    public string? GetProperty(string propertyName, ColumnFamilyHandle cf)
    {
        ArgumentNullException.ThrowIfNull(cf);
        return Property(propertyName, Family(cf));
    }

    /// <summary>The table files of all column families.</summary>
    public List<LiveFileMetadata> GetLiveFilesMetadata(bool populateFileMetadataOnly = false) =>
        LiveFiles.Read(_handle.InUse(), withData: !populateFileMetadataOnly);

    /// <summary>The names of the table files, each with a leading slash.</summary>
    public List<string> GetLiveFileNames() =>
        [.. LiveFiles.Read(_handle.InUse(), withData: false).Select(file => file.FileMetadata.FileName)];

    /// <summary>The column family that every database has.</summary>
    /// <exception cref="RocksDbSharpException">The database was opened without naming its column families.</exception>
    public ColumnFamilyHandle GetDefaultColumnFamily() => GetColumnFamily(ColumnFamilies.DefaultName);

    /// <summary>The column family of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    /// <exception cref="RocksDbSharpException">The database was opened without naming its column families.</exception>
    public ColumnFamilyHandle GetColumnFamily(string name) => Named()[name];

    /// <summary>The column family of this name, if there is one.</summary>
    /// <exception cref="RocksDbSharpException">The database was opened without naming its column families.</exception>
    public bool TryGetColumnFamily(string name, [NotNullWhen(true)] out ColumnFamilyHandle? handle)
    {
        bool found = Named().TryGetValue(name, out ColumnFamilyHandleInternal? known);
        handle = known;
        return found;
    }

    /// <summary>Creates a column family.</summary>
    /// <exception cref="RocksDbException">There is one of this name.</exception>
    public ColumnFamilyHandle CreateColumnFamily(ColumnFamilyOptions cfOptions, string name)
    {
        ArgumentNullException.ThrowIfNull(cfOptions);
        ArgumentNullException.ThrowIfNull(name);
        ConcurrentDictionary<string, ColumnFamilyHandleInternal> families = Named();
        var handle = new ColumnFamilySafeHandle(_handle);
        try
        {
            nint error = 0;
            handle.Attach(DatabaseApi.rocksdb_create_column_family(_handle, cfOptions.SafeHandle, name, ref error));
            RocksDbException.ThrowIfSet(error);
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        var created = new ColumnFamilyHandleInternal(handle);
        families[name] = created;
        return created;
    }

    /// <summary>Drops a column family with all it holds. Its handle is no longer valid.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public void DropColumnFamily(string name)
    {
        ColumnFamilyHandleInternal family = Named()[name];
        nint error = 0;
        DatabaseApi.rocksdb_drop_column_family(_handle.InUse(), family.SafeHandle, ref error);
        RocksDbException.ThrowIfSet(error);
        if (Named().TryRemove(name, out _))
        {
            family.SafeHandle.Dispose();
        }
    }

    /// <summary>Closes the database; see the type for what happens to what was made from it.</summary>
    public void Dispose()
    {
        _handle.Retire();
        _default.SafeHandle.Dispose();
        foreach (ColumnFamilyHandleInternal family in _columnFamilies?.Values ?? [])
        {
            family.SafeHandle.Dispose();
        }
    }

    private ConcurrentDictionary<string, ColumnFamilyHandleInternal> Named()
    {
        _handle.InUse();
        return _columnFamilies ?? throw new RocksDbSharpException("Database not opened for column families");
    }

    private ColumnFamilySafeHandle Family(ColumnFamilyHandle? columnFamily)
    {
        _handle.InUse();
        return columnFamily is null ? _default.SafeHandle : ColumnFamilyHandleInternal.Of(columnFamily, _handle);
    }

    private string? Property(string name, ColumnFamilySafeHandle family)
    {
        ArgumentNullException.ThrowIfNull(name);
        nint value = DatabaseApi.rocksdb_property_value_cf(_handle.InUse(), family, name);
        string? text = Marshal.PtrToStringUTF8(value);
        DatabaseApi.rocksdb_free(value);
        return text;
    }
}
