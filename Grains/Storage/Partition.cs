using Microsoft.Extensions.Logging;
using RocksDbSharp;
using Sluice.Storage.Commands;
using Sluice.Storage.Log;
using Sluice.Storage.Snapshots;

namespace Sluice.Storage;

/// <summary>What became of a batch.</summary>
/// <param name="Replies">The replies; with the sequence that the batch wrote, and the epoch.</param>
/// <param name="WrittenSequence">The sequence for <see cref="Partition.WhenDurableAsync"/> to wait for before the replies are sent; 0 when the batch wrote nothing.</param>
public readonly record struct ExecutionResult(ReplyBatch Replies, long WrittenSequence);

/// <summary>
/// A partition: the data of one replica of one shard, in one RocksDB database.
/// <para>
/// The database has three column families, always made in this order because their numbers are part of every log record: <c>default</c> holds the data
/// (<see cref="DataKey"/> to <see cref="StoredValue"/>), <c>expires</c> an index of what expires when (<see cref="ExpiryKey"/>), <c>meta</c> records about the replica itself.
/// </para>
/// <para>
/// <b>One log.</b> Every change of a primary, be it a command, an expiry or a record of its epoch, is one RocksDB write batch, one record of the write-ahead log, at one sequence. A
/// replica writes nothing but those records, in order (<see cref="Apply"/>). So its sequence says all about what it holds: two replicas of one history at the same sequence are equal,
/// whatever their files look like. The log is not copied for replication: followers read RocksDB's own (<see cref="Log"/>), which is kept for them up to
/// <see cref="LogRetentionBytes"/> beyond what recovery needs.
/// </para>
/// <para>
/// <b>One writer.</b> Commands, applied records and expiry run one after the other, under a gate, so that what a command read is still true when it writes. Everything else, that is reading
/// the log, making checkpoints, digests and the fsyncs, runs beside them on other threads, on RocksDB's own snapshots.
/// </para>
/// <para>
/// <b>Durability.</b> A write is in the operating system's hands when <see cref="Execute"/> returns: it survives a crash of the process. <see cref="WhenDurableAsync"/> ends when it is as
/// durable as the fsync policy says, <see cref="SyncWalAsync"/> when it survives a crash of the machine.
/// </para>
/// <para>
/// <b>Expiry.</b> An expired key is no key to any reader, on primary and replica alike, by their own clocks. It is deleted by a primary only: when a write comes across it, or by
/// <see cref="ExpireDue"/>; both through the log.
/// </para>
/// Safe for concurrent use, <see cref="Dispose"/> included: who is under way on another thread finishes or is told so, then the native database is closed (<see cref="Closed"/>).
/// </summary>
public sealed partial class Partition : IDisposable
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly PartitionOptions options;
    private readonly PartitionDatabase database;
    private readonly TimeProvider timeProvider;
    private readonly ILogger logger;
    private readonly WalSync walSync;
    private readonly CheckpointMaker checkpoints;

    // Who writes holds it.
    private readonly Lock gate = new();
    private readonly Keyspace keyspace;
    private readonly BatchExecution execution;
    private readonly ExpirySweep sweep;
    private readonly EarlyFlush earlyFlush;
    private readonly BlobGarbage blobGarbage;

    private readonly ITimer ticker;
    private volatile EpochHistory history;
    private long trimmedAt;
    private int trimming;
    private int disposed;

    private Partition(PartitionOptions options, PartitionDatabase database, TimeProvider timeProvider, ILogger logger)
    {
        this.options = options;
        this.database = database;
        this.timeProvider = timeProvider;
        this.logger = logger;
        history = EpochRecords.Read(database);
        Log = new PartitionLog(database, options.Key, timeProvider) { Epoch = options.Epoch };
        walSync = new WalSync(database, options.Engine, options.Key, logger) { Policy = options.Fsync };
        checkpoints = new CheckpointMaker(database, options.Engine, options.Directory, options.Key);
        keyspace = new Keyspace(
            database,
            HashSlot.FirstOfShard(options.Key.Shard, options.ShardCount),
            options.Key.Shard + 1 == options.ShardCount ? HashSlot.Count : HashSlot.FirstOfShard(options.Key.Shard + 1, options.ShardCount),
            new Random(options.RandomSeed));
        execution = new BatchExecution(keyspace);
        sweep = new ExpirySweep(keyspace);
        earlyFlush = new EarlyFlush(database, options.Engine, options.Key, logger);
        blobGarbage = new BlobGarbage(database, options.Key, logger);
        LogRetentionBytes = options.LogRetentionBytes;
        ticker = timeProvider.CreateTimer(static state => ((Partition)state!).Tick(), this, TickInterval, TickInterval);
    }

    /// <summary>The replica.</summary>
    public ReplicaKey Key => options.Key;

    /// <summary>The position in the shard's log.</summary>
    public long LatestSequence => Log.LatestSequence;

    /// <summary>Which epoch wrote which part of the log.</summary>
    public EpochHistory History => history;

    /// <summary>The position in the shard's log, with the epoch that names the history.</summary>
    public LogPosition Position
    {
        get
        {
            // The sequence first: the history is never older than it.
            var sequence = LatestSequence;
            return new LogPosition(history.EpochAt(sequence), sequence);
        }
    }

    /// <summary>Everything up to this sequence survives a crash of the machine.</summary>
    public long DurableSequence => walSync.DurableSequence;

    /// <summary>The log, for followers. Its epoch is also that of the replies and of the manifests.</summary>
    public PartitionLog Log { get; }

    /// <summary>When acknowledged writes are made durable. May be changed at any time.</summary>
    public FsyncPolicy Fsync
    {
        get => walSync.Policy;
        set => walSync.Policy = value;
    }

    /// <summary>Bytes of log that are kept beyond what recovery needs. May be changed at any time; takes effect within a second.</summary>
    public long LogRetentionBytes { get; set; }

    /// <summary>Bytes in memory that are in the write-ahead log only: about what a checkpoint writes to table files first.</summary>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public long UnflushedBytes
    {
        get
        {
            using var lease = database.Enter();
            return PartitionStatistics.UnflushedBytes(database);
        }
    }

    /// <summary>Ends when the native database is closed, after <see cref="Dispose"/>: its directory may then be moved, or opened again.</summary>
    public Task Closed => database.Closed;

    private long Now => timeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Opens a partition; makes it if its directory holds none. A crash of whoever had it open last is nothing special.</summary>
    /// <exception cref="StorageFormatException">It was written by a newer program, or is no partition.</exception>
    /// <exception cref="RocksDbException">RocksDB cannot open it.</exception>
    public static Partition Open(PartitionOptions options, TimeProvider timeProvider, ILogger logger)
    {
        Directory.CreateDirectory(options.Directory);
        var native = options.Engine.Open(options.Directory);
        try
        {
            var database = new PartitionDatabase(native, options.Key.ToString());
            if (native.GetLatestSequenceNumber() == 0)
            {
                FormatVersion.Write(native, database.Meta);
            }

            FormatVersion.Check(native, database.Meta, options.Directory);
            var partition = new Partition(options, database, timeProvider, logger);
            LogOpened(logger, options.Key, partition.LatestSequence, options.Directory);
            return partition;
        }
        catch
        {
            native.Dispose();
            throw;
        }
    }

    /// <summary>Executes commands in order. A command's failure is its reply. Does not wait for durability: see <see cref="WhenDurableAsync"/>.</summary>
    /// <param name="batch">The commands; their keys are all of this shard.</param>
    /// <param name="writable">False on a replica: commands that write are answered with READONLY.</param>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public ExecutionResult Execute(CommandBatch batch, bool writable)
    {
        using var lease = database.Enter();
        ReplyBatch replies;
        long before, after;
        lock (gate)
        {
            before = LatestSequence;
            replies = execution.Execute(batch, writable, Now);
            Log.CountWritten(keyspace.TakeWrittenBytes());
            after = Publish();
            earlyFlush.Written(keyspace.TakeLargeBytes());
        }

        var written = after > before ? after : 0;
        return new ExecutionResult(replies with { WrittenSequence = written, Epoch = Log.Epoch }, written);
    }

    /// <summary>Ends when everything up to a sequence is as durable as the fsync policy says.</summary>
    /// <exception cref="RocksDbException">The disk refused.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public ValueTask WhenDurableAsync(long sequence) => walSync.WhenDurableAsync(sequence);

    /// <summary>Makes everything that is written by now survive a crash of the machine, whatever the policy; returns the sequence up to which it does. All who ask at the same time share one fsync.</summary>
    /// <exception cref="RocksDbException">The disk refused.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public Task<long> SyncWalAsync() => walSync.SyncAsync();

    /// <summary>Applies records of a primary's log.</summary>
    /// <returns>The new sequence; durable only after <see cref="SyncWalAsync"/>.</returns>
    /// <exception cref="LogGapException">A record does not begin at the next sequence. Those before it are applied.</exception>
    /// <exception cref="InvalidDataException">A record is no write batch of a partition. Those before it are applied.</exception>
    /// <exception cref="RocksDbException">The disk refused. Those before it are applied.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public long Apply(IEnumerable<LogRecord> records)
    {
        using var lease = database.Enter();
        lock (gate)
        {
            try
            {
                foreach (var record in records)
                {
                    ApplyOne(record);
                }
            }
            finally
            {
                sweep.Reset();
                Publish();
            }

            return LatestSequence;
        }
    }

    /// <summary>
    /// Applies records of a primary's log and returns the sequence that may be acknowledged: it survives a crash of the machine, or of the process only where the fsync policy is
    /// <see cref="FsyncPolicy.No"/>.
    /// </summary>
    /// <exception cref="LogGapException">As for <see cref="Apply"/>, and so are the others.</exception>
    public async Task<long> ApplyAsync(LogBatch batch)
    {
        var sequence = Apply(batch.Records);
        return Fsync == FsyncPolicy.No ? sequence : await SyncWalAsync().ConfigureAwait(false);
    }

    /// <summary>Deletes keys that are due. For primaries only.</summary>
    /// <param name="limit">How many at most.</param>
    /// <returns>How many entries of the index were handled; as many as <paramref name="limit"/> when there may be more.</returns>
    /// <exception cref="RocksDbException">The disk refused.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public int ExpireDue(int limit)
    {
        using var lease = database.Enter();
        lock (gate)
        {
            var handled = sweep.Run(limit, Now);
            Publish();
            return handled;
        }
    }

    /// <summary>Reads a record about the replica itself; null when there is none.</summary>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public byte[]? ReadMeta(ReadOnlySpan<byte> key)
    {
        using var lease = database.Enter();
        return database.Database.Get(key, database.Meta);
    }

    /// <summary>Writes a record about the replica itself, as one record of the log. For primaries only: replicas get it through the log. The key <c>version</c> is taken.</summary>
    /// <returns>The new sequence.</returns>
    /// <exception cref="RocksDbException">The disk refused.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public long WriteMeta(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        using var lease = database.Enter();
        lock (gate)
        {
            database.Database.Put(key, value, database.Meta);
            return Publish();
        }
    }

    /// <summary>
    /// Begins this node's reign over the shard: writes the epoch's record, unless it stands there already, and makes it durable. Nothing else may be written in that epoch before.
    /// </summary>
    /// <returns>False when the record was there: this node has reigned in that epoch before.</returns>
    /// <exception cref="InvalidDataException">The log holds records of a higher epoch.</exception>
    /// <exception cref="RocksDbException">The disk refused.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public async Task<bool> BeginReignAsync(long epoch)
    {
        using (database.Enter())
        {
            lock (gate)
            {
                if (history.LastEpoch == epoch)
                {
                    return false;
                }

                var reign = new Reign(epoch, (long)database.Database.GetLatestSequenceNumber() + 1, options.Key.Node, DateTimeOffset.FromUnixTimeMilliseconds(Now));
                var next = history.Append(reign);
                EpochRecords.Write(database, reign);
                history = next;
                Publish();
            }
        }

        // A record that a replica has seen must not be lost to a crash of this machine: this node would begin the same reign twice, with two histories.
        await SyncWalAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Makes a checkpoint, on a thread of its own, while writes go on.</summary>
    /// <param name="directory">Must not exist; on the partition's file system. The caller deletes it.</param>
    /// <param name="snapshotId">The manifest's name for it.</param>
    /// <param name="cancellationToken">Ends the work; what was made is deleted.</param>
    /// <exception cref="RocksDbException">It could not be written.</exception>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public Task<SnapshotManifest> CreateSnapshotAsync(string directory, Guid snapshotId, CancellationToken cancellationToken = default) => Task.Factory.StartNew(
        () => checkpoints.Make(directory, snapshotId, sequence => history.EpochAt(sequence), cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Computes the digest of all keys and values at one sequence, on a thread of its own, while writes go on.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ShardUnavailableException">The partition is closed, or was closed meanwhile.</exception>
    public Task<ShardDigest> ComputeDigestAsync(CancellationToken cancellationToken = default) => Task.Factory.StartNew(
        () => ComputeDigest(cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>What the partition holds and takes.</summary>
    /// <exception cref="ShardUnavailableException">The partition is closed.</exception>
    public PartitionStatistics GetStatistics()
    {
        using var lease = database.Enter();
        return PartitionStatistics.Of(database, options.Directory);
    }

    /// <summary>Closes the partition: see <see cref="Closed"/> for the end of it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        ticker.Dispose();
        Log.Withdraw();
        lock (gate)
        {
            if (Fsync != FsyncPolicy.No)
            {
                SyncLast();
            }

            // Nobody enters any more. Who has entered and waits for the gate does his work; then the native database is closed.
            database.Release();
        }

        LogClosed(logger, options.Key, LatestSequence);
    }

    private ShardDigest ComputeDigest(CancellationToken cancellationToken)
    {
        using var lease = database.Enter();
        Snapshot snapshot;
        long sequence;
        lock (gate)
        {
            snapshot = database.Database.CreateSnapshot();
            sequence = (long)database.Database.GetLatestSequenceNumber();
        }

        using (snapshot)
        {
            return ContentDigest.Compute(database, snapshot, sequence, Now, cancellationToken);
        }
    }

    private void ApplyOne(LogRecord record)
    {
        var latest = (long)database.Database.GetLatestSequenceNumber();
        if (record.Sequence != latest + 1)
        {
            throw new LogGapException($"A log record begins at sequence {record.Sequence}, but {options.Key} stands at {latest}: the next must begin at {latest + 1}.");
        }

        var (sequence, count, touchesMeta) = WriteBatchEncoding.Check(record.Batch);
        if (sequence != record.Sequence || count != record.Count || count < 1)
        {
            throw new InvalidDataException($"A log record is announced as {record.Count} operations from sequence {record.Sequence}, but holds {count} from {sequence}.");
        }

        using var batch = new WriteBatch(record.Batch);
        database.Database.Write(batch);
        if (touchesMeta)
        {
            history = EpochRecords.Read(database);
        }

        earlyFlush.Written(record.Batch.Length);
        Log.CountWritten(record.Batch.Length);
    }

    /// <summary>Tells followers of what was written; returns the sequence.</summary>
    private long Publish()
    {
        var sequence = (long)database.Database.GetLatestSequenceNumber();
        if (sequence != LatestSequence)
        {
            Log.Advance(sequence);
        }

        return sequence;
    }

    private void SyncLast()
    {
        try
        {
            Native.Instance.rocksdb_flush_wal(database.Database.Handle, 1);
        }
        catch (RocksDbException exception)
        {
            LogLastSyncFailed(logger, options.Key, exception);
        }
    }

    /// <summary>Once a second.</summary>
    private void Tick()
    {
        var latest = LatestSequence;
        walSync.Tick(latest);
        if (latest != Volatile.Read(ref trimmedAt) && Interlocked.Exchange(ref trimming, 1) == 0)
        {
            Volatile.Write(ref trimmedAt, latest);
            if (!options.Engine.QueueDiskWork(TidyUp))
            {
                Volatile.Write(ref trimming, 0);
            }
        }
    }

    private void TidyUp()
    {
        try
        {
            using var lease = database.Enter();
            LogRetention.Trim(options.Directory, LogRetentionBytes);
            blobGarbage.Look();
        }
        catch (ShardUnavailableException)
        {
            // Closed meanwhile; the next opening trims.
        }
        catch (IOException exception)
        {
            LogTrimFailed(logger, options.Key, exception);
        }
        finally
        {
            Volatile.Write(ref trimming, 0);
        }
    }

    [LoggerMessage(1010, LogLevel.Information, "Opened {Replica} at sequence {Sequence} in {Directory}")]
    private static partial void LogOpened(ILogger logger, ReplicaKey replica, long sequence, string directory);

    [LoggerMessage(1011, LogLevel.Information, "Closing {Replica} at sequence {Sequence}")]
    private static partial void LogClosed(ILogger logger, ReplicaKey replica, long sequence);

    [LoggerMessage(1012, LogLevel.Error, "The last write-ahead log of {Replica} could not be made durable before closing")]
    private static partial void LogLastSyncFailed(ILogger logger, ReplicaKey replica, Exception exception);

    [LoggerMessage(1013, LogLevel.Warning, "The retained log of {Replica} could not be trimmed")]
    private static partial void LogTrimFailed(ILogger logger, ReplicaKey replica, Exception exception);
}
