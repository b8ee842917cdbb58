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
    private ValueReplier? replier;
    private byte[] keyBuffer = new byte[256];
    private byte[] entryBuffer = new byte[256];

    // Since the last TakeLargeBytes.
    private long writtenLargeBytes;

    // Since the last TakeWrittenBytes.
    private long writtenBytes;

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
        reader.Forget();
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
        data.AddTo(batch, database.Data);
        expires.AddTo(batch, database.Expires);
        database.Database.Write(batch);
        writtenLargeBytes += data.LargeContentBytes;
        writtenBytes += (long)data.Bytes + expires.Bytes;
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

    /// <summary>Looks a string up for reading, but for its payload.</summary>
    /// <exception cref="CommandException">The key holds another type.</exception>
    public bool TryFindStringHead(ReadOnlySpan<byte> key, out StoredHead head) => TryFindHead(key, out head) && IsString(head.Type);

    /// <summary>As <see cref="TryFind"/>, for who does not need the payload: it is not copied.</summary>
    /// <exception cref="StorageFormatException">The value cannot be read.</exception>
    public bool TryFindHead(ReadOnlySpan<byte> key, out StoredHead head) => TryGetHead(MakeDataKey(key), out head) && !HasExpired(head);

    /// <summary>As <see cref="TryFindForWrite"/>, for who does not need the payload: it is not copied.</summary>
    /// <exception cref="StorageFormatException">The value cannot be read.</exception>
    public bool TryFindHeadForWrite(ReadOnlySpan<byte> key, out StoredHead head)
    {
        if (!TryGetHead(MakeDataKey(key), out head))
        {
            return false;
        }

        if (!HasExpired(head))
        {
            return true;
        }

        Delete(key, head.Expiry);
        head = default;
        return false;
    }

    /// <summary>
    /// Replies with a string or a part of it, which goes from RocksDB's memory into the reply without a copy between. False, and no reply, when there is no such key or it holds another type.
    /// </summary>
    /// <param name="key">The user's key.</param>
    /// <param name="part">Which part, given the length; null: all of it.</param>
    /// <param name="isOtherType">The key holds another type.</param>
    /// <exception cref="StorageFormatException">The value cannot be read.</exception>
    public bool TryReplyString(ReadOnlySpan<byte> key, Func<int, Range>? part, out bool isOtherType)
    {
        var dataKey = MakeDataKey(key);
        replier ??= new ValueReplier(this);
        replier.Part = part;
        var found = data.TryFind(dataKey, out var stored, out var deleted)
            ? deleted ? Lookup.Missing : replier.Deserialize(stored)
            : database.Database.Get(dataKey, replier, database.Data);
        isOtherType = found == Lookup.OtherType;
        return found == Lookup.Replied;
    }

    /// <summary>Looks a string up for writing.</summary>
    /// <exception cref="CommandException">The key holds another type.</exception>
    public bool TryFindStringForWrite(ReadOnlySpan<byte> key, out StoredValue value) => TryFindForWrite(key, out value) && IsString(value.Type);

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

    /// <summary>Makes a string the key's value; see the other overloads. It must not be changed before the batch is over: a large one is not copied.</summary>
    public void Store(ReadOnlySpan<byte> key, byte[] content, long expiry, long oldExpiry)
    {
        if (content.Length < PendingWrites.LargeBytes)
        {
            content.CopyTo(Store(key, content.Length, expiry, oldExpiry));
            return;
        }

        var dataKey = MakeDataKey(key);
        Reindex(dataKey, expiry, oldExpiry);
        StoredValue.WriteHeader(data.Put(dataKey, StoredValue.HeaderLength(expiry), content), StoredType.String, expiry);
    }

    /// <summary>Makes a value of any type the key's; see <see cref="Store(ReadOnlySpan{byte}, int, long, long)"/>.</summary>
    public Span<byte> Store(ReadOnlySpan<byte> key, StoredType type, int length, long expiry, long oldExpiry)
    {
        var dataKey = MakeDataKey(key);
        Reindex(dataKey, expiry, oldExpiry);
        var header = StoredValue.HeaderLength(expiry);
        var span = data.Put(dataKey, header + length);
        StoredValue.WriteHeader(span, type, expiry);
        return span[header..];
    }

    /// <summary>Takes the old entry out of the expiry index and puts the new one in.</summary>
    private void Reindex(ReadOnlySpan<byte> dataKey, long expiry, long oldExpiry)
    {
        if (oldExpiry != 0 && oldExpiry != expiry)
        {
            expires.Delete(MakeEntry(oldExpiry, dataKey));
        }

        if (expiry != 0 && oldExpiry != expiry)
        {
            expires.Put(MakeEntry(expiry, dataKey), 0);
            earliestExpiry = Math.Min(earliestExpiry, expiry);
        }
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

    /// <summary>Bytes of large values that were written since the last call.</summary>
    public long TakeLargeBytes()
    {
        var taken = writtenLargeBytes;
        writtenLargeBytes = 0;
        return taken;
    }

    /// <summary>Bytes of keys and values that were written since the last call: what the log grew by, but for its own few bytes a record.</summary>
    public long TakeWrittenBytes()
    {
        var taken = writtenBytes;
        writtenBytes = 0;
        return taken;
    }

    private bool HasExpired(in StoredHead head) => head.Expiry != 0 && Now > head.Expiry;

    private bool TryGetHead(ReadOnlySpan<byte> dataKey, out StoredHead head)
    {
        if (data.TryFind(dataKey, out var stored, out var deleted))
        {
            head = deleted ? default : StoredValue.Decode(stored).Head;
            return !deleted;
        }

        // No type has the number of the default: it is what there is when nothing is there.
        head = database.Database.Get(dataKey, HeadReader.Instance, database.Data);
        return head.Type != default;
    }

    private static bool IsString(StoredType type) =>
        type == StoredType.String ? true : throw new CommandException(RedisErrors.WrongType);

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

    private static void DeleteRange(WriteBatch batch, ReadOnlySpan<byte> end, ColumnFamilyHandle family) =>
        batch.DeleteRange([0], 1, end.ToArray(), (ulong)end.Length, family);
}
