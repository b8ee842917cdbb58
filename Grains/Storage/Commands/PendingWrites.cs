using RocksDbSharp;

namespace Sluice.Storage.Commands;

/// <summary>
/// The writes of a batch that are not in the database yet, to one column family: the last write of each key counts. A hash table whose keys and values lie in
/// one array, which is kept between batches: a write costs no object. Arrays that were outgrown are left to the collector, never pooled, so that a span
/// that a command still holds stays what it was. A large value is not copied: the entry refers to it.
/// </summary>
internal sealed class PendingWrites
{
    /// <summary>From so many bytes on a value is referred to. The batch that holds one is committed at once, so that nothing keeps it.</summary>
    public const int LargeBytes = 1 << 20;

    private const int Deleted = -1;

    /// <summary>An array above this size is not kept for the next batch.</summary>
    private const int KeptBytes = 1 << 20;

    private byte[] bytes = new byte[4096];
    private int used;
    private Entry[] entries = new Entry[32];
    private int[] buckets = new int[64];
    private readonly List<byte[]> large = [];

    /// <summary>Number of keys written.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of keys and values.</summary>
    public int Bytes => checked(used + LargeContentBytes);

    /// <summary>Bytes of values that are referred to.</summary>
    public int LargeContentBytes { get; private set; }

    /// <summary>Looks a key up: false when it was not written; an empty <paramref name="value"/> with <paramref name="deleted"/> when it was deleted.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out bool deleted)
    {
        value = default;
        deleted = false;
        if (Count == 0)
        {
            return false;
        }

        var index = Find(key, Crc32C.Compute(key));
        if (index < 0)
        {
            return false;
        }

        ref var entry = ref entries[index];
        deleted = entry.ValueLength == Deleted;
        value = deleted ? default : bytes.AsSpan(entry.ValueOffset, entry.ValueLength);
        if (entry.Large > 0)
        {
            // Only a command that reads what it wrote itself comes here: none does with a large value. But the answer is right.
            value = (byte[])[.. value, .. large[entry.Large - 1]];
        }

        return true;
    }

    /// <summary>Puts a value of so many bytes: the caller fills the span that is returned before it writes anything else.</summary>
    public Span<byte> Put(ReadOnlySpan<byte> key, int valueLength)
    {
        ref var entry = ref Enter(key);
        // Reserving can replace the array, not the entry.
        var offset = Reserve(valueLength);
        entry.ValueOffset = offset;
        entry.ValueLength = valueLength;
        entry.Large = 0;
        return bytes.AsSpan(offset, valueLength);
    }

    /// <summary>Puts a value of a header, which the caller writes into the span that is returned, and a content that stays where it is: nobody may change it until these writes are committed or forgotten.</summary>
    public Span<byte> Put(ReadOnlySpan<byte> key, int headerLength, byte[] content)
    {
        var header = Put(key, headerLength);
        large.Add(content);
        LargeContentBytes = checked(LargeContentBytes + content.Length);
        entries[Find(key, Crc32C.Compute(key))].Large = large.Count;
        return header;
    }

    /// <summary>Deletes a key.</summary>
    public void Delete(ReadOnlySpan<byte> key)
    {
        ref var entry = ref Enter(key);
        entry.ValueLength = Deleted;
        entry.Large = 0;
    }

    /// <summary>Adds all writes, in the order in which keys were first written, to a batch.</summary>
    public void AddTo(WriteBatch batch, ColumnFamilyHandle family)
    {
        foreach (ref readonly var entry in entries.AsSpan(0, Count))
        {
            if (entry.ValueLength == Deleted)
            {
                batch.Delete(bytes.AsSpan(entry.KeyOffset, entry.KeyLength), family);
            }
            else if (entry.Large > 0)
            {
                batch.PutVector(family, bytes.AsMemory(entry.KeyOffset, entry.KeyLength), bytes.AsMemory(entry.ValueOffset, entry.ValueLength), large[entry.Large - 1]);
            }
            else
            {
                batch.Put(bytes.AsSpan(entry.KeyOffset, entry.KeyLength), bytes.AsSpan(entry.ValueOffset, entry.ValueLength), family);
            }
        }
    }

    /// <summary>Forgets all writes.</summary>
    public void Clear()
    {
        if (Count == 0)
        {
            return;
        }

        Count = 0;
        used = 0;
        large.Clear();
        LargeContentBytes = 0;
        Array.Clear(buckets);
        if (bytes.Length > KeptBytes)
        {
            bytes = new byte[4096];
            entries = new Entry[32];
            buckets = new int[64];
        }
    }

    private ref Entry Enter(ReadOnlySpan<byte> key)
    {
        var hash = Crc32C.Compute(key);
        var index = Find(key, hash);
        if (index >= 0)
        {
            return ref entries[index];
        }

        if (Count == entries.Length)
        {
            Grow();
        }

        var offset = Reserve(key.Length);
        key.CopyTo(bytes.AsSpan(offset));
        ref var bucket = ref buckets[hash & (buckets.Length - 1)];
        entries[Count] = new Entry { Hash = hash, Next = bucket, KeyOffset = offset, KeyLength = key.Length, ValueLength = Deleted };
        bucket = ++Count;
        return ref entries[Count - 1];
    }

    private int Find(ReadOnlySpan<byte> key, uint hash)
    {
        for (var number = buckets[hash & (buckets.Length - 1)]; number != 0;)
        {
            ref var entry = ref entries[number - 1];
            if (entry.Hash == hash && key.SequenceEqual(bytes.AsSpan(entry.KeyOffset, entry.KeyLength)))
            {
                return number - 1;
            }

            number = entry.Next;
        }

        return -1;
    }

    private void Grow()
    {
        Array.Resize(ref entries, entries.Length * 2);
        buckets = new int[entries.Length * 2];
        for (var i = 0; i < Count; i++)
        {
            ref var bucket = ref buckets[entries[i].Hash & (buckets.Length - 1)];
            entries[i].Next = bucket;
            bucket = i + 1;
        }
    }

    private int Reserve(int length)
    {
        var offset = used;
        var needed = checked(used + length);
        if (needed > bytes.Length)
        {
            var doubled = Math.Min((long)bytes.Length * 2, Array.MaxLength);
            Array.Resize(ref bytes, (int)Math.Max(doubled, needed));
        }

        used = needed;
        return offset;
    }

    private struct Entry
    {
        public uint Hash;
        public int Next;
        public int KeyOffset;
        public int KeyLength;
        public int ValueOffset;
        public int ValueLength;

        /// <summary>Which of the large contents follows the value: 1 and up; 0: none.</summary>
        public int Large;
    }
}
