using Microsoft.Extensions.Logging;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// Has memtables written out that large values have filled. RocksDB itself looks at a memtable's size at the next write only: until then each shard would hold its last large value in memory,
/// and then twice, beside the next one. Safe for concurrent use.
/// </summary>
internal sealed partial class EarlyFlush(PartitionDatabase database, StorageEngine engine, ReplicaKey replica, ILogger logger)
{
    private static readonly FlushOptions DoNotWait = new FlushOptions().SetWaitForFlush(false);
    private int queued;

    /// <summary>A record of so many bytes was written.</summary>
    public void Written(long bytes)
    {
        if (bytes >= engine.Options.WriteBufferBytes && Interlocked.Exchange(ref queued, 1) == 0 && !engine.QueueDiskWork(Flush))
        {
            Volatile.Write(ref queued, 0);
        }
    }

    private void Flush()
    {
        Volatile.Write(ref queued, 0);
        try
        {
            using var lease = database.Enter();
            database.Database.Flush(DoNotWait);
        }
        catch (ShardUnavailableException)
        {
            // Closed meanwhile: its memtables are gone from memory, and in its log.
        }
        catch (RocksDbException exception)
        {
            LogFailed(logger, replica, exception);
        }
    }

    [LoggerMessage(1014, LogLevel.Warning, "The memtable of {Replica} could not be written out; it will be with the next write")]
    private static partial void LogFailed(ILogger logger, ReplicaKey replica, Exception exception);
}
