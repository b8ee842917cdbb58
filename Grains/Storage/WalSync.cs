using Microsoft.Extensions.Logging;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// Makes the write-ahead log of one partition durable. One fsync runs at a time; all who ask while it runs wait together for the next one (group commit), because only that
/// one is sure to cover what they wrote. Safe for concurrent use.
/// </summary>
internal sealed partial class WalSync(PartitionDatabase database, StorageEngine engine, ReplicaKey key, ILogger logger)
{
    private readonly Lock gate = new();
    private TaskCompletionSource<long>? next;
    private bool running;
    private volatile FsyncPolicy policy;
    private long durable = (long)database.Database.GetLatestSequenceNumber();

    /// <summary>When writes are made durable. What is waiting keeps waiting under the policy that it was written under.</summary>
    public FsyncPolicy Policy
    {
        get => policy;
        set => policy = value;
    }

    /// <summary>Everything up to this sequence survives a crash of the machine.</summary>
    public long DurableSequence => Volatile.Read(ref durable);

    /// <summary>Ends when a write is as durable as the policy says.</summary>
    public ValueTask WhenDurableAsync(long sequence) =>
        Policy != FsyncPolicy.Always || sequence <= DurableSequence ? ValueTask.CompletedTask : new ValueTask(SyncAsync());

    /// <summary>Makes everything that is written by now durable, whatever the policy; returns the sequence up to which it is.</summary>
    /// <exception cref="RocksDbException">The disk refused. RocksDB takes no writes until it is opened again, or the disk has room.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public Task<long> SyncAsync()
    {
        Task<long> round;
        lock (gate)
        {
            next ??= new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            round = next.Task;
            if (running)
            {
                return round;
            }

            running = true;
        }

        if (!engine.QueueDiskWork(RunRounds))
        {
            FailRound();
        }

        return round;
    }

    /// <summary>The once-a-second turn of <see cref="FsyncPolicy.EverySecond"/>: syncs in the background if there is anything new.</summary>
    public void Tick(long latestSequence)
    {
        if (Policy == FsyncPolicy.EverySecond && latestSequence > DurableSequence)
        {
            // Its failure is logged by the round, and each further write is refused by RocksDB.
            _ = SyncAsync().ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private void RunRounds()
    {
        while (true)
        {
            TaskCompletionSource<long> round;
            lock (gate)
            {
                if (next is null)
                {
                    running = false;
                    return;
                }

                round = next;
                next = null;
            }

            RunRound(round);
        }
    }

    /// <summary>The engine was disposed of before its partitions: the process is ending.</summary>
    private void FailRound()
    {
        TaskCompletionSource<long>? round;
        lock (gate)
        {
            round = next;
            next = null;
            running = false;
        }

        round?.SetException(new ShardUnavailableException($"The storage of this node is closed: {key} cannot be made durable any more."));
    }

    private void RunRound(TaskCompletionSource<long> round)
    {
        try
        {
            using var lease = database.Enter();
            var latest = (long)database.Database.GetLatestSequenceNumber();
            if (latest > DurableSequence)
            {
                Native.Instance.rocksdb_flush_wal(database.Database.Handle, 1);
                Volatile.Write(ref durable, latest);
            }

            round.SetResult(DurableSequence);
        }
        catch (RocksDbException exception)
        {
            LogSyncFailed(logger, key, exception);
            round.SetException(exception);
        }
        catch (ShardUnavailableException exception)
        {
            round.SetException(exception);
        }
    }

    [LoggerMessage(1001, LogLevel.Error, "The write-ahead log of {Replica} could not be made durable")]
    private static partial void LogSyncFailed(ILogger logger, ReplicaKey replica, Exception exception);
}
