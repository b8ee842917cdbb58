using System.Globalization;
using RocksDbSharp;
using Sluice.Storage.Log;

namespace Sluice.Storage;

/// <summary>What a partition holds and takes.</summary>
/// <param name="EstimatedKeys">RocksDB's estimate of the number of keys, expired ones included.</param>
/// <param name="DiskBytes">Bytes of the table and blob files and of the log that recovery needs.</param>
/// <param name="RetainedLogBytes">Bytes of the log that is kept for followers only.</param>
/// <param name="EngineMemoryBytes">Bytes of memtables and table readers: what RocksDB holds for this partition outside of the shared block cache.</param>
public sealed record PartitionStatistics(long EstimatedKeys, long DiskBytes, long RetainedLogBytes, long EngineMemoryBytes)
{
    internal static PartitionStatistics Of(PartitionDatabase database, string directory)
    {
        var families = new[] { database.Data, database.Expires, database.Meta };
        return new PartitionStatistics(
            Read(database, "rocksdb.estimate-num-keys", database.Data),
            families.Sum(family => Read(database, "rocksdb.live-sst-files-size", family) + Read(database, "rocksdb.live-blob-file-size", family)) + LogBytes(directory),
            LogRetention.ArchivedBytes(directory),
            families.Sum(family => Read(database, "rocksdb.cur-size-all-mem-tables", family) + Read(database, "rocksdb.estimate-table-readers-mem", family)));
    }

    internal static long UnflushedBytes(PartitionDatabase database) =>
        new[] { database.Data, database.Expires, database.Meta }.Sum(family => Read(database, "rocksdb.cur-size-all-mem-tables", family));

    private static long Read(PartitionDatabase database, string property, ColumnFamilyHandle family) =>
        long.TryParse(database.Database.GetProperty(property, family), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static long LogBytes(string directory)
    {
        var bytes = 0L;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*.log"))
        {
            // Between listing and asking, RocksDB may have moved it to the archive.
            bytes += file.Exists ? file.Length : 0;
        }

        return bytes;
    }
}
