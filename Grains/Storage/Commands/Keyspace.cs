using RocksDbSharp;
using Sluice.Resp;

namespace Sluice.Storage.Commands;

/// <summary>
/// The keys of one partition as the commands of one batch see them: the database, with the batch's own writes on top, at one moment. Used under the
/// partition's gate only. Spans that it returns hold until the next look-up.
/// </summary>
internal sealed class Keyspace(PartitionDatabase database, int firstSlot, int endSlot, Random random)
{
    /// <summary>Redis' default of <c>proto-max-bulk-len</c>: no string grows longer.</summary>
    public const long MaxStringLength = 512L * 1024 * 1024;

    private readonly PendingWrites data = new();
    private readonly PendingWrites expires = new();
    private readonly ValueReader reader = new();
    private byte[] keyBuffer = new byte[256];
    private byte[] entryBuffer = new byte[256];

    // Since the last TakeEarliestExpiry.
    private long earliestExpiry = long.MaxValue;

    /// <summary>Where commands write their replies.</summary>
    public RespWriter Reply { get; set; } = null!;

    /// <summary>The moment of the batch: Unix milliseconds.</summary>
    public long Now { get; private set; }

    /// <summary>The database, for commands that walk over it. It holds no pending write while such a command runs.</summary>
    public PartitionDatabase Database => database;

    /// <summary>The partition's first slot.</summary>
    public int FirstSlot => firstSlot;

    /// <summary>One more than the partition's last slot.</summary>
    public int EndSlot => endSlot;

    /// <summary>For RANDOMKEY.</summary>
    public Random Random => random;

    /// <summary>Bytes that a commit would write.</summary>
    public int PendingBytes => data.Bytes + expires.Bytes;

    /// <summary>Whether there is anything to commit.</summary>
    public bool HasPending => data.Count + expires.Count > 0;

    /// <summary>A batch begins.</summary>
    public void Begin(long now) => Now = now;

    /// <summary>Forgets the pending writes.</summary>
    public void Discard()
    {
        data.Clear();
        expires.Clear();
    }

    /// <summary>Writes the pending writes as one record of the log.</summary>
    /// <exception cref="RocksDbException">RocksDB refused; nothing was written.</exception>
    public void Commit()
    {
        if (!HasPending)
        {
            return;
        }

        using var batch = new WriteBatch();
        Fill(batch, data, database.Data);
        Fill(batch, expires, database.Expires);
        database.Database.Write(batch);
        Discard();
    }

    /// <summary>Looks a key up for reading: an expired one is not there.</summary>
    /// <exception cref="StorageFormatException">The value cannot be read.</exception>
    public bool TryFind(ReadOnlySpan<byte> key, out StoredValue value)
    {
        value = default;
        return TryGet(MakeDataKey(key), out var stored) && !(value = StoredValue.Decode(stored)).HasExpired(Now);
    }

    /// <summary>Looks a key up for writing: an expired one is deleted by the same batch.</summary>
    /// <exception cref="StorageFormatException">The value cannot be read.</exception>
    public bool TryFindForWrite(ReadOnlySpan<byte> key, out StoredValue value)
    {
        value = default;
        if (!TryGet(MakeDataKey(key), out var stored))
        {
            return false;
        }

        value = StoredValue.Decode(stored);
        if (!value.HasExpired(Now))
        {
            return true;
        }

        Delete(key, value.Expiry);
        value = default;
        return false;
    }

    /// <summary>Looks a string up for reading.</summary>
    /// <exception cref="CommandException">The key holds another type.</exception>
    public bool TryFindString(ReadOnlySpan<byte> key, out StoredValue value) => TryFind(key, out value) && IsString(value);

    /// <summary>Looks a string up for writing.</summary>
    /// <exception cref="CommandException">The key holds another type.</exception>
    public bool TryFindStringForWrite(ReadOnlySpan<byte> key, out StoredValue value) => TryFindForWrite(key, out value) && IsString(value);

    /// <summary>Makes a string the key's value.</summary>
    /// <param name="key">The user's key.</param>
    /// <param name="length">The string's length: the caller fills the span that is returned before it calls anything else.</param>
    /// <param name="expiry">Unix milliseconds; 0: never.</param>
    /// <param name="oldExpiry">The expiry of the value that it replaces, where known: its entry in the index goes. Otherwise 0, and the index keeps a stale entry until it falls due.</param>
    public Span<byte> Store(ReadOnlySpan<byte> key, int length, long expiry, long oldExpiry) =>
        Store(key, StoredType.String, length, expiry, oldExpiry);

    /// <summary>Makes a string the key's value; see the other overload.</summary>
    public void Store(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, long expiry, long oldExpiry) =>
        content.CopyTo(Store(key, content.Length, expiry, oldExpiry));

    /// <summary>Makes a value of any type the key's; see <see cref="Store(ReadOnlySpan{byte}, int, long, long)"/>.</summary>
    public Span<byte> Store(ReadOnlySpan<byte> key, StoredType type, int length, long expiry, long oldExpiry)
    {
        var dataKey = MakeDataKey(key);
        if (oldExpiry != 0 && oldExpiry != expiry)
        {
            expires.Delete(MakeEntry(oldExpiry, dataKey));
        }

        if (expiry != 0 && oldExpiry != expiry)
        {
            expires.Put(MakeEntry(expiry, dataKey), 0);
            earliestExpiry = Math.Min(earliestExpiry, expiry);
        }

        var header = StoredValue.HeaderLength(expiry);
        var span = data.Put(dataKey, header + length);
        StoredValue.WriteHeader(span, type, expiry);
        return span[header..];
    }

    /// <summary>Deletes a key whose expiry is known; 0: none.</summary>
    public void Delete(ReadOnlySpan<byte> key, long oldExpiry)
    {
        var dataKey = MakeDataKey(key);
        if (oldExpiry != 0)
        {
            expires.Delete(MakeEntry(oldExpiry, dataKey));
        }

        data.Delete(dataKey);
    }

    /// <summary>Deletes an entry of the expiry index, and the key too if its expiry is that of the entry. False when the entry was stale.</summary>
    public bool Expire(ReadOnlySpan<byte> entry)
    {
        expires.Delete(entry);
        var dataKey = ExpiryKey.DataKey(entry);
        if (!TryGet(dataKey, out var stored) || StoredValue.Decode(stored).Expiry != ExpiryKey.Expiry(entry))
        {
            return false;
        }

        data.Delete(dataKey);
        return true;
    }

    /// <summary>Deletes all keys, as one record of the log. Nothing may be pending.</summary>
    public void Flush()
    {
        using var batch = new WriteBatch();
        DeleteRange(batch, DataKey.End, database.Data);
        DeleteRange(batch, ExpiryKey.End, database.Expires);
        database.Database.Write(batch);
    }

    /// <summary>The earliest expiry that was written since the last call: the expiry sweep must go back to it.</summary>
    public long TakeEarliestExpiry()
    {
        var taken = earliestExpiry;
        earliestExpiry = long.MaxValue;
        return taken;
    }

    private static bool IsString(in StoredValue value) =>
        value.Type == StoredType.String ? true : throw new CommandException(RedisErrors.WrongType);

    private bool TryGet(ReadOnlySpan<byte> dataKey, out ReadOnlySpan<byte> stored)
    {
        if (data.TryFind(dataKey, out stored, out var deleted))
        {
            return !deleted;
        }

        if (!database.Database.Get(dataKey, reader, database.Data))
        {
            return false;
        }

        stored = reader.Value;
        return true;
    }

    private ReadOnlySpan<byte> MakeDataKey(ReadOnlySpan<byte> key)
    {
        if (keyBuffer.Length < DataKey.PrefixLength + key.Length)
        {
            keyBuffer = new byte[Math.Max(keyBuffer.Length * 2, DataKey.PrefixLength + key.Length)];
        }

        return keyBuffer.AsSpan(0, DataKey.Write(keyBuffer, key));
    }

    private ReadOnlySpan<byte> MakeEntry(long expiry, ReadOnlySpan<byte> dataKey)
    {
        if (entryBuffer.Length < ExpiryKey.PrefixLength + dataKey.Length)
        {
            entryBuffer = new byte[Math.Max(entryBuffer.Length * 2, ExpiryKey.PrefixLength + dataKey.Length)];
        }

        return entryBuffer.AsSpan(0, ExpiryKey.Write(entryBuffer, expiry, dataKey));
    }

    private static void Fill(WriteBatch batch, PendingWrites writes, ColumnFamilyHandle family)
    {
        for (var i = 0; i < writes.Count; i++)
        {
            writes.Get(i, out var key, out var value, out var deleted);
            if (deleted)
            {
                batch.Delete(key, family);
            }
            else
            {
                batch.Put(key, value, family);
            }
        }
    }

    private static void DeleteRange(WriteBatch batch, ReadOnlySpan<byte> end, ColumnFamilyHandle family) =>
        batch.DeleteRange([0], 1, end.ToArray(), (ulong)end.Length, family);

    /// <summary>Takes a value over from RocksDB's memory into a buffer that is used again for the next one.</summary>
    private sealed class ValueReader : ISpanDeserializer<bool>
    {
        private const int KeptBytes = 1 << 20;
        private byte[] buffer = new byte[8192];
        private int length;

        public ReadOnlySpan<byte> Value => buffer.AsSpan(0, length);

        public bool Deserialize(ReadOnlySpan<byte> stored)
        {
            length = stored.Length;
            if (length > buffer.Length || buffer.Length > KeptBytes)
            {
                buffer = new byte[Math.Max(8192, length)];
            }

            stored.CopyTo(buffer);
            return true;
        }
    }
}
