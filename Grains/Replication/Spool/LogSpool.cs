using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>
/// The log that came beside a full copy, on the replica's disk until it can be applied: so a copy may take days, and the primary need not keep its log for it.
/// <para>
/// Records are appended in order, without gaps, to files of a few megabytes (<see cref="SpoolEncoding"/>): a segment is whole and durable before the next one is made, and names the one before it with
/// its length. So only the last segment can be torn by a crash, and a missing or shortened one shows when the spool is opened. Each record has a checksum; it is checked when the record is read, and
/// what is found damaged ends the spool at the record before it (<see cref="CutAsync"/>), the rest is sent again.
/// </para>
/// <para>
/// What is appended becomes durable in the background, in steps; only what is (<see cref="Durable"/>) may be acknowledged, and is shown to readers. The spool takes what the disk has, less a reserve: then
/// appending fails with <see cref="SpoolSpaceException"/> and can be tried again. Memory: a buffer for each reader, whatever the spool's size.
/// </para>
/// One caller at a time appends, cuts and discards; readers, and who trims, are independent of it.
/// </summary>
public sealed class LogSpool : IAsyncDisposable
{
    // Room is set aside in steps, so that a full disk shows before a record is half written.
    private const long RoomStep = 1 << 20;

    private readonly string directory;
    private readonly SpoolOptions options;
    private readonly ILogger logger;
    private readonly SemaphoreSlim exclusive = new(1, 1);
    private readonly BackgroundSync background;
    private readonly Signal newer = new();
    private readonly Lock gate = new();
    private ImmutableList<SpoolSegment> segments = [];
    private SafeFileHandle? file;

    // Of the last segment: what is written, and up to where room is set aside.
    private long written;
    private long room;
    private SpoolRange? appended;
    private SpoolRange? durable;
    private bool namesDirty;
    private Exception? failure;
    private bool disposed;

    private LogSpool(string directory, SpoolOptions options, TimeProvider time, ILogger logger)
    {
        this.directory = directory;
        this.options = options;
        this.logger = logger;
        background = new BackgroundSync(IsBehind, SyncAsync, options.SyncEvery, time);
    }

    /// <summary>Raised with the last durable sequence, on a thread of the pool.</summary>
    public event Action<long>? DurableAdvanced;

    /// <summary>What would survive a crash; null: nothing.</summary>
    public SpoolRange? Durable
    {
        get
        {
            lock (gate)
            {
                return durable;
            }
        }
    }

    /// <summary>The last sequence that was appended, durable or not; 0: none.</summary>
    public long LastAppended
    {
        get
        {
            lock (gate)
            {
                return appended?.Last ?? 0;
            }
        }
    }

    /// <summary>Bytes that the spool takes on the disk.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return segments.IsEmpty ? 0 : segments.Sum(segment => segment.Bytes) - segments[^1].Bytes + written;
            }
        }
    }

    /// <summary>Opens a spool, on a thread of its own: what a crash has torn is cut off. An empty or missing directory is an empty spool.</summary>
    /// <param name="directory">The spool's directory; nobody else uses it.</param>
    /// <param name="options">How it uses the disk.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For a line when something was cut off.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SpoolVersionException">A newer program wrote it.</exception>
    public static async Task<LogSpool> OpenAsync(string directory, SpoolOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var spool = new LogSpool(Path.GetFullPath(directory), options, time, logger);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            await OnThreadAsync(spool.Recover).ConfigureAwait(false);
            return spool;
        }
        catch
        {
            await spool.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Appends records, which must be the next ones.</summary>
    /// <param name="epoch">The epoch that wrote them.</param>
    /// <param name="records">The records; the first ones of an empty spool may begin anywhere.</param>
    /// <exception cref="LogGapException">They do not follow what was appended; nothing of them is.</exception>
    /// <exception cref="SpoolSpaceException">The disk is full; nothing of them is appended, and trying again later is possible.</exception>
    /// <exception cref="IOException">The disk fails; also reported here when it failed in the background. The spool has to be opened anew.</exception>
    public async Task AppendAsync(long epoch, ImmutableArray<LogRecord> records)
    {
        ThrowIfUnusable();
        if (records.IsEmpty)
        {
            return;
        }

        CheckOrder(epoch, records);
        if (file is null || written >= options.SegmentBytes || (appended is null && segments[^1].First != records[0].Sequence))
        {
            await BeginSegmentAsync(records[0].Sequence).ConfigureAwait(false);
        }

        var bytes = records.Sum(record => (long)SpoolEncoding.RecordHeaderBytes + record.Batch.Length);
        var headers = new byte[records.Length * SpoolEncoding.RecordHeaderBytes];
        var pieces = new List<ReadOnlyMemory<byte>>(2 * records.Length);
        for (var n = 0; n < records.Length; n++)
        {
            var header = headers.AsMemory(n * SpoolEncoding.RecordHeaderBytes, SpoolEncoding.RecordHeaderBytes);
            SpoolEncoding.WriteRecordHeader(header.Span, epoch, records[n]);
            pieces.Add(header);
            pieces.Add(records[n].Batch);
        }

        await WriteAsync(pieces, bytes).ConfigureAwait(false);
        lock (gate)
        {
            written += bytes;
            appended = new SpoolRange(appended?.First ?? records[0].Sequence, records[^1].Sequence + records[^1].Count - 1, epoch);
        }

        if (written - segments[^1].Bytes >= options.SyncBytes)
        {
            background.StepReached();
        }
    }

    /// <summary>Makes durable what was appended.</summary>
    /// <exception cref="IOException">The disk fails. The spool has to be opened anew.</exception>
    public async Task SyncAsync(CancellationToken cancellationToken)
    {
        var before = Durable;
        await ExclusiveAsync(Sync, cancellationToken).ConfigureAwait(false);
        if (Durable is { } range && range.Last > (before?.Last ?? 0))
        {
            newer.Set();
            DurableAdvanced?.Invoke(range.Last);
        }
    }

    /// <summary>Reads from a sequence on; what becomes durable later, too.</summary>
    public LogSpoolReader OpenReader(long fromSequence) => new(this, fromSequence);

    /// <summary>Removes segments that hold nothing from a sequence on. May be called while another caller appends.</summary>
    public Task TrimAsync(long belowSequence)
    {
        ThrowIfUnusable();
        return ExclusiveAsync(() => Trim(belowSequence), CancellationToken.None);
    }

    /// <summary>Removes all records after a sequence. Nobody appends meanwhile; readers must be opened anew.</summary>
    public Task CutAsync(long afterSequence)
    {
        ThrowIfUnusable();
        return ExclusiveAsync(() => Cut(afterSequence), CancellationToken.None);
    }

    /// <summary>Removes all records. The next one may begin anywhere.</summary>
    public Task DiscardAsync() => CutAsync(long.MinValue);

    /// <summary>Closes the spool and keeps it. What was appended and is not durable may be lost: <see cref="SyncAsync"/> first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        await background.DisposeAsync().ConfigureAwait(false);
        file?.Dispose();
        exclusive.Dispose();
    }

    /// <summary>Which segment holds a sequence, as far as anything durable does, and the one after it.</summary>
    /// <exception cref="InvalidOperationException">The sequence was trimmed.</exception>
    internal (SpoolSegment? Segment, SpoolSegment? Following) Find(long sequence)
    {
        lock (gate)
        {
            if (durable is null || sequence > durable.Last)
            {
                return default;
            }

            var index = segments.FindLastIndex(segment => segment.First <= sequence);
            return index < 0
                ? throw new InvalidOperationException($"The spool in '{directory}' begins at sequence {durable.First}: {sequence} is not in it.")
                : (segments[index], index + 1 < segments.Count ? segments[index + 1] : null);
        }
    }

    /// <summary>Ends when something newer than a sequence is durable.</summary>
    internal async Task WaitForNewerAsync(long sequence, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = newer.Next;
            ThrowIfUnusable();
            if (Durable is { } range && range.Last > sequence)
            {
                return;
            }

            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void CheckOrder(long epoch, ImmutableArray<LogRecord> records)
    {
        var next = appended is { } range ? range.Last + 1 : records[0].Sequence;
        foreach (var record in records)
        {
            if (record.Sequence != next || record.Count < 1)
            {
                throw new LogGapException($"The spool in '{directory}' goes on at sequence {next}: a record from {record.Sequence} that takes {record.Count} sequences does not follow.");
            }

            next += record.Count;
        }

        if (epoch < appended?.Epoch)
        {
            throw new LogGapException($"The spool in '{directory}' is in epoch {appended.Epoch}: records of epoch {epoch} do not follow.");
        }
    }

    private async Task BeginSegmentAsync(long first)
    {
        await SyncAsync(CancellationToken.None).ConfigureAwait(false);
        await ExclusiveAsync(() => BeginIfRoom(new SpoolSegment(directory, first), appended is null ? null : segments[^1]), CancellationToken.None).ConfigureAwait(false);
    }

    private void BeginIfRoom(SpoolSegment segment, SpoolSegment? before)
    {
        try
        {
            Begin(segment, before);
        }
        catch (IOException error) when (DiskFiles.IsFull(error))
        {
            throw Full(error);
        }
    }

    private void Begin(SpoolSegment segment, SpoolSegment? before)
    {
        options.BeforeDisk?.Invoke("create");
        Directory.CreateDirectory(directory);
        CheckRoom(RoomStep);
        if (before is not null)
        {
            // Gives back the room that was set aside, and with it what a failed write may have left.
            RandomAccess.SetLength(file!, before.Bytes);
            DiskFiles.SyncData(file!);
        }

        var handle = DiskFiles.Create(segment.Path, RoomStep);
        try
        {
            RandomAccess.Write(handle, SpoolEncoding.WriteHeader(new SpoolHeader(segment.First, before?.First ?? 0, before?.Bytes ?? 0)), 0);
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        file?.Dispose();
        file = handle;
        if (before is null && !segments.IsEmpty)
        {
            // No record came to be in it, and now others come first.
            File.Delete(segments[0].Path);
        }

        lock (gate)
        {
            segments = before is null ? [segment] : segments.Add(segment);
            (written, room, namesDirty) = (SpoolEncoding.HeaderBytes, RoomStep, true);
        }
    }

    private async Task WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long bytes)
    {
        try
        {
            if (written + bytes > room)
            {
                var more = Math.Max(RoomStep, written + bytes - room);
                CheckRoom(more);
                options.BeforeDisk?.Invoke("reserve");
                DiskFiles.Reserve(file!, segments[^1].Path, room, more);
                room += more;
            }

            options.BeforeDisk?.Invoke("write");
            await RandomAccess.WriteAsync(file!, pieces, written).ConfigureAwait(false);
        }
        catch (IOException error) when (DiskFiles.IsFull(error))
        {
            throw Full(error);
        }
    }

    private void CheckRoom(long bytes)
    {
        var drive = new DriveInfo(directory);
        var (free, reserve) = (drive.AvailableFreeSpace, Math.Min(options.ReserveBytes, drive.TotalSize / 20));
        if (free < bytes + reserve)
        {
            throw new SpoolSpaceException($"The file system of '{directory}' has {free} bytes free, of which {reserve} are left to others: free some room, the spool goes on after sequence {LastAppended}.");
        }
    }

    private bool IsBehind()
    {
        lock (gate)
        {
            return failure is null && appended != durable;
        }
    }

    private void Sync()
    {
        SpoolRange? range;
        long bytes;
        bool names;
        lock (gate)
        {
            (range, bytes, names, namesDirty) = (appended, written, namesDirty, false);
        }

        if (file is null)
        {
            return;
        }

        options.BeforeDisk?.Invoke("sync");
        DiskFiles.SyncData(file);
        if (names)
        {
            DurableFile.SyncDirectory(directory);
            DurableFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        }

        lock (gate)
        {
            segments = segments.SetItem(segments.Count - 1, segments[^1] with { Bytes = bytes });
            durable = range is null ? null : range with { First = segments[0].First };
        }
    }

    private void Trim(long belowSequence)
    {
        while (true)
        {
            SpoolSegment first;
            lock (gate)
            {
                // Never the last one, and only what is durable has been applied.
                if (durable is null || segments.Count < 2 || segments[1].First > belowSequence || segments[1].First > durable.Last)
                {
                    return;
                }

                first = segments[0];
                segments = segments.RemoveAt(0);
                appended = appended! with { First = segments[0].First };
                durable = durable with { First = segments[0].First };
            }

            // One after the other, each durable: a crash leaves no gap.
            File.Delete(first.Path);
            DurableFile.SyncDirectory(directory);
        }
    }

    private void Cut(long afterSequence)
    {
        file?.Dispose();
        file = null;
        SpoolRecovery.Cut(directory, afterSequence);
        Recover();
    }

    private void Recover()
    {
        var found = SpoolRecovery.Run(directory, logger);
        lock (gate)
        {
            segments = found.Segments;
            appended = durable = found.Range;
            (written, room) = segments.IsEmpty ? (0, 0) : (segments[^1].Bytes, segments[^1].Bytes);
            namesDirty = false;
        }

        file = segments.IsEmpty ? null : File.OpenHandle(segments[^1].Path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
    }

    private async Task ExclusiveAsync(Action action, CancellationToken cancellationToken)
    {
        await exclusive.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await OnThreadAsync(action).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            // After a failed fsync nobody knows what is on the disk: only opening the spool anew finds out.
            SpoolEvents.Failed(logger, error, directory, Durable?.Last ?? 0);
            Volatile.Write(ref failure, error);
            throw;
        }
        finally
        {
            exclusive.Release();
        }
    }

    // A thread of its own: an fsync may take seconds, and the pool's threads carry the timers that pace.
    private static Task OnThreadAsync(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private SpoolSpaceException Full(IOException error) => new($"The file system of '{directory}' is full: free some room, the spool goes on after sequence {LastAppended}.", error);

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (Volatile.Read(ref failure) is { } error)
        {
            throw new IOException($"The spool in '{directory}' has failed: {error.Message}", error);
        }
    }
}
