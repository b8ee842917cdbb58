using System.Globalization;
using Microsoft.Extensions.Logging;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// Has compactions clear out blob files only when there is something to clear. Left alone, RocksDB moves every value that a compaction meets in the oldest quarter of the blob files, whether or not
/// anything there is garbage: it reads, uncompresses, compresses and writes it, and holds it about two and a half times meanwhile. A replica that had just installed a copy moved values of
/// 38 MiB for nothing, and its memory grew by 70 MiB in some runs. One caller at a time.
/// </summary>
internal sealed partial class BlobGarbage(PartitionDatabase database, ReplicaKey replica, ILogger logger)
{
    /// <summary>What a database begins with: nothing is moved.</summary>
    public const double Off = 0;

    /// <summary>RocksDB's own default: the oldest quarter of the files.</summary>
    private const double On = 0.25;

    /// <summary>Begins when so much of the blob files is garbage: their disk space stays within a third above what is needed, as long as compactions pass by.</summary>
    private const double BeginAt = 0.25;

    /// <summary>Ends below this. The distance keeps it from going to and fro with each file.</summary>
    private const double EndAt = 0.125;

    private bool collecting;

    /// <summary>Whether compactions shall collect; pure.</summary>
    /// <param name="blobBytes">Bytes of the blob files, garbage included.</param>
    /// <param name="garbageBytes">Bytes of them that nothing refers to any more.</param>
    /// <param name="collecting">Whether they do now.</param>
    public static bool ShouldCollect(long blobBytes, long garbageBytes, bool collecting) =>
        garbageBytes > 0 && garbageBytes >= blobBytes * (collecting ? EndAt : BeginAt);

    /// <summary>Looks at the blob files and tells RocksDB when the answer has changed. The caller holds the database open.</summary>
    public void Look()
    {
        var next = ShouldCollect(Read("rocksdb.live-blob-file-size"), Read("rocksdb.live-blob-file-garbage-size"), collecting);
        if (next == collecting)
        {
            return;
        }

        try
        {
            var cutoff = (next ? On : Off).ToString(CultureInfo.InvariantCulture);
            database.Database.SetOptions([new("blob_garbage_collection_age_cutoff", cutoff)]);
            collecting = next;
        }
        catch (RocksDbException exception)
        {
            // A full disk, for one: it writes its options down. The next look tries again.
            LogFailed(logger, replica, exception);
        }
    }

    private long Read(string property) =>
        long.TryParse(database.Database.GetProperty(property, database.Data), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    [LoggerMessage(1015, LogLevel.Warning, "Whether compactions of {Replica} collect the garbage in its blob files could not be changed")]
    private static partial void LogFailed(ILogger logger, ReplicaKey replica, Exception exception);
}
