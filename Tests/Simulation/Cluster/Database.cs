using System.Buffers.Binary;
using System.Text;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>One record of a shard's log: an epoch's first one says so, all others carry what a client wrote.</summary>
internal readonly record struct Record(long Epoch, long Sequence, int Count, long Payload, bool BeginsEpoch)
{
    public const int BatchBytes = 24;

    public long Last => Sequence + Count - 1;

    /// <summary>The record as a write batch, which says its own sequence, as RocksDB's does.</summary>
    public byte[] ToBatch()
    {
        var batch = new byte[BatchBytes];
        BinaryPrimitives.WriteInt64LittleEndian(batch, Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(batch.AsSpan(8), Count | (BeginsEpoch ? 1 << 16 : 0));
        BinaryPrimitives.WriteInt32LittleEndian(batch.AsSpan(12), (int)Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(batch.AsSpan(16), Payload);
        return batch;
    }

    public static Record Read(ReadOnlySpan<byte> batch)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(batch[8..]);
        return new Record(
            BinaryPrimitives.ReadInt32LittleEndian(batch[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(batch),
            count & 0xffff,
            BinaryPrimitives.ReadInt64LittleEndian(batch[16..]),
            (count >> 16) == 1);
    }

    public ulong Chain(ulong before)
    {
        // FNV-1a's step over the fields: what stands at a sequence, and all that was before it, in one number.
        var hash = before;
        foreach (var field in new[] { (ulong)Epoch, (ulong)Sequence, (ulong)Count, (ulong)Payload, BeginsEpoch ? 1UL : 0UL })
        {
            hash = (hash ^ field) * 0x100000001b3;
            hash ^= hash >> 29;
        }

        return hash;
    }
}

/// <summary>A table file of a database and the records in it, as indexes into its history.</summary>
internal sealed record Table(string Name, DiskFile File, int First, int Count)
{
    public uint Checksum { get; } = Crc32C.Compute(File.Content);
}

/// <summary>
/// A replica's database, as far as replication can see it: records in the order of their sequences; a write-ahead log, whose newest part a loss of power takes; table files, each a slice of the history under a name
/// that is never used again, which compaction merges; checkpoints. That RocksDB keeps its own promises is taken for granted.
/// </summary>
internal sealed class Database
{
    public const ulong NoHistory = 14695981039346656037;
    public const string Catalogue = "MANIFEST";

    private readonly List<Record> records = [];
    private readonly List<ulong> chain = [];
    private readonly List<Table> tables = [];
    private int durable;
    private int nextName = 1;

    public Database(string id) => Id = id;

    /// <summary>RocksDB's identity of the database.</summary>
    public string Id { get; }

    public IReadOnlyList<Record> Records => records;

    public IReadOnlyList<Table> Tables => tables;

    public long LatestSequence => records.Count == 0 ? 0 : records[^1].Last;

    /// <summary>The epoch of the newest record.</summary>
    public long LatestEpoch => records.Count == 0 ? 0 : records[^1].Epoch;

    public ulong LatestChain => chain.Count == 0 ? NoHistory : chain[^1];

    public long DurableSequence => durable == 0 ? 0 : records[durable - 1].Last;

    /// <summary>The first sequence that the log still has.</summary>
    public long FirstAvailable { get; private set; } = 1;

    public void Append(Record record)
    {
        chain.Add(record.Chain(LatestChain));
        records.Add(record);
    }

    /// <summary>What stands at a sequence and before it; null when no record ends there.</summary>
    public ulong? ChainAt(long sequence) => sequence == 0 ? NoHistory : IndexAt(sequence) is var index and >= 0 ? chain[index] : null;

    /// <summary>The place of the record that ends at a sequence; -1 when none does.</summary>
    public int IndexAt(long sequence)
    {
        var (low, high) = (0, records.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (records[middle].Last == sequence)
            {
                return middle;
            }

            (low, high) = records[middle].Last < sequence ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    public void SyncLog(long sequence) => durable = Math.Max(durable, IndexAt(sequence) + 1);

    /// <summary>Writes what only the log holds into a table.</summary>
    public void Flush()
    {
        var first = tables.Count == 0 ? 0 : tables[^1].First + tables[^1].Count;
        if (first < records.Count)
        {
            tables.Add(NewTable(first, records.Count - first));
            durable = records.Count;
        }
    }

    /// <summary>Merges the newest tables into one under a new name.</summary>
    public void Compact(int howMany)
    {
        var merged = tables.TakeLast(howMany).ToList();
        if (merged.Count > 1)
        {
            tables.RemoveRange(tables.Count - merged.Count, merged.Count);
            tables.Add(NewTable(merged[0].First, merged.Sum(table => table.Count)));
        }
    }

    /// <summary>Forgets the log up to a sequence, if it is in tables.</summary>
    public void PurgeLog(long before)
    {
        var flushed = tables.Count == 0 ? 0 : records[tables[^1].First + tables[^1].Count - 1].Last;
        var index = IndexAt(Math.Min(before, flushed));
        if (index >= 0)
        {
            FirstAvailable = Math.Max(FirstAvailable, records[index].Last + 1);
        }
    }

    /// <summary>The files of a checkpoint; it stands at the newest record.</summary>
    public Dictionary<string, DiskFile> Checkpoint()
    {
        Flush();

        // RocksDB checks each block that it reads: a table that the disk has damaged does not go into a checkpoint unnoticed. An operator has repaired it.
        for (var n = 0; n < tables.Count; n++)
        {
            if (Crc32C.Compute(tables[n].File.Content) != tables[n].Checksum)
            {
                tables[n] = NewTable(tables[n].First, tables[n].Count);
            }
        }

        var files = tables.ToDictionary(table => table.Name, table => table.File, StringComparer.Ordinal);
        var catalogue = new DiskFile();
        catalogue.Append(Encoding.ASCII.GetBytes(string.Join('\n', tables.Select(table => $"{table.Name} {table.Count}").Prepend($"{Id} {nextName}"))));
        catalogue.Sync(catalogue.Length);
        files.Add($"{Catalogue}-{nextName++:D6}", catalogue);
        return files;
    }

    /// <summary>Opens what a checkpoint's files hold.</summary>
    /// <exception cref="FormatException">They are no database.</exception>
    public static Database Open(IReadOnlyDictionary<string, DiskFile> files, string? newId)
    {
        var catalogue = files.Single(file => file.Key.StartsWith(Catalogue, StringComparison.Ordinal)).Value;
        var lines = Encoding.ASCII.GetString(catalogue.Content).Split('\n');
        var database = new Database(newId ?? lines[0].Split(' ')[0]) { nextName = int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) + 1 };
        foreach (var line in lines.Skip(1).Select(line => line.Split(' ')))
        {
            var count = int.Parse(line[1], System.Globalization.CultureInfo.InvariantCulture);
            if (!files.TryGetValue(line[0], out var file) || file.Length != count * Record.BatchBytes)
            {
                throw new FormatException($"table {line[0]} is not there or not whole");
            }

            var first = database.records.Count;
            for (var at = 0; at < file.Length; at += Record.BatchBytes)
            {
                database.Append(Record.Read(file.Content.Slice(at, Record.BatchBytes)));
            }

            database.tables.Add(new Table(line[0], file, first, count));
        }

        database.durable = database.records.Count;
        database.FirstAvailable = database.LatestSequence + 1;
        return database;
    }

    /// <summary>The power goes: the newest part of the log that is not durable goes with it, or some of it.</summary>
    public void LosePower(World world)
    {
        var kept = durable + world.Next(records.Count - durable + 1);
        records.RemoveRange(kept, records.Count - kept);
        chain.RemoveRange(kept, chain.Count - kept);
        durable = kept;
    }

    private Table NewTable(int first, int count)
    {
        var file = new DiskFile();
        foreach (var record in records.Skip(first).Take(count))
        {
            file.Append(record.ToBatch());
        }

        file.Sync(file.Length);
        return new Table($"{nextName++:D6}.sst", file, first, count);
    }
}
