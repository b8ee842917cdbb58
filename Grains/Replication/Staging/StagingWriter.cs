using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>
/// Writes a snapshot's files into a staging directory as they arrive.
/// <para>
/// Two positions, both payload bytes in the order of transfer: <see cref="ReceivedPosition"/> is what was handed to the file system, <see cref="DurablePosition"/> what would survive a crash: it follows
/// in steps in the background, and only it may be acknowledged (durable-ack). The order of a step: the files' bytes are synced, then their names, then the journal is told and synced
/// (<see cref="StagingJournal"/>), then the position is durable. Bytes go from the frame that they arrived in straight to the disk; there is no
/// buffer in between, for the stream's read-ahead already lets network and disk work at once. Memory: none that grows with the data.
/// </para>
/// <para>
/// One caller at a time, as a stream's observer is. When the connection breaks, the disk was full or a file turned out to be corrupt, <see cref="RewindAsync"/> and a new subscription from
/// <see cref="DurablePosition"/> go on with the same files. After a crash, or when an fsync failed, a new writer goes on (<see cref="ResumeAsync"/>). Disposing closes the files and keeps them;
/// <see cref="AbortAsync"/> removes them.
/// </para>
/// </summary>
public sealed class StagingWriter : IAsyncDisposable
{
    // Steps of durability: an fsync each 32 MiB costs a fast disk little, one each second keeps a slow copy's loss small.
    private const long SyncStep = 32 << 20;
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(1);

    private readonly string directory;
    private readonly StagingJournal journal;
    private readonly TransferLayout layout;
    private readonly ILogger logger;
    private readonly SemaphoreSlim syncing = new(1, 1);

    private readonly Lock gate = new();
    private readonly List<StagedFile> open = [];
    private StagedFile? current;
    private int currentIndex = -1;
    private readonly BackgroundSync background;

    // A subscription that was given up may still be in its last write when the copy goes on or ends.
    private Task lastWrite = Task.CompletedTask;
    private Exception? failure;

    // The journal found no room: what is on the disk is as it was, so going on needs nothing but room.
    private StagingSpaceException? journalFull;

    // The file that arrived whole and is not what the manifest says.
    private int? corrupt;
    private long received;
    private uint receivedCrc;
    private long durable;
    private bool namesDirty = true;
    private bool disposed;

    private StagingWriter(string directory, StagingJournal journal, TimeProvider time, ILogger logger)
    {
        this.directory = directory;
        this.journal = journal;
        this.logger = logger;
        layout = journal.State.Layout();
        (received, receivedCrc, durable) = (journal.State.Position, journal.State.Crc, journal.State.Position);
        background = new BackgroundSync(IsBehind, SyncAsync, SyncEvery, time);
    }

    /// <summary>Raised with the new <see cref="DurablePosition"/>, on a thread of the pool.</summary>
    public event Action<long>? DurableAdvanced;

    /// <summary>Called before each step of durability, with its name: a test's fault.</summary>
    internal Action<string>? BeforeDisk { get; set; }

    /// <summary>Payload bytes handed to the file system.</summary>
    public long ReceivedPosition => Interlocked.Read(ref received);

    /// <summary>Payload bytes that would survive a crash.</summary>
    public long DurablePosition => Interlocked.Read(ref durable);

    /// <summary>Payload bytes of the whole transfer.</summary>
    public long TotalBytes => layout.TotalBytes;

    /// <summary>What is copied. After <see cref="ResumeAsync"/> the transfer may be another one than before: see <see cref="TransferChanged"/>.</summary>
    public StagingPlan Plan => journal.State.Plan;

    /// <summary>Files of an interrupted copy were lost or damaged, so more has to be sent: the source must be told of the plan's transfer before it sends.</summary>
    public bool TransferChanged { get; private init; }

    /// <summary>Begins a copy: what an earlier attempt left in the directory is removed, but for what this copy holds already.</summary>
    /// <param name="directory">The staging directory; nobody else uses it.</param>
    /// <param name="plan">What is copied: the manifest is checked, for it comes from a peer.</param>
    /// <param name="held">The files that are not sent, as <see cref="HeldFiles.FindAsync"/> found them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For one line at the beginning and one at the end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidManifestException">The manifest is not safe.</exception>
    /// <exception cref="StagingSpaceException">The file system has less room than the copy needs.</exception>
    public static async Task<StagingWriter> CreateAsync(
        string directory, StagingPlan plan, ImmutableArray<HeldFile> held, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var state = new StagedState { Plan = plan, Held = [.. held.Select(file => file.FileIndex)] };
        var total = state.Layout().TotalBytes;
        var path = Path.GetFullPath(directory);
        var journal = await Task.Run(() => StagingDirectory.Begin(path, state), cancellationToken).ConfigureAwait(false);
        ReplicationEvents.StagingBegins(logger, plan.Transfer.Length, total, path);
        return new StagingWriter(path, journal, time, logger);
    }

    /// <summary>
    /// Goes on with the copy that a directory's journal tells of. Everything that is staged is read back, on a thread of its own: a file that is lost or not what it should be is asked for again, and
    /// only that one.
    /// </summary>
    /// <param name="directory">The staging directory; nobody else uses it.</param>
    /// <param name="read">Told how many bytes were read back, again and again; on another thread.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For one line at the beginning and one at the end.</param>
    /// <param name="cancellationToken">Gives up; going on is possible again later.</param>
    /// <returns>Null when there is no journal.</returns>
    /// <exception cref="StagingJournalException">The journal is of a newer version, or damaged.</exception>
    /// <exception cref="StagingSpaceException">The file system has less room than the rest of the copy needs.</exception>
    public static async Task<StagingWriter?> ResumeAsync(string directory, Action<long>? read, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(directory);
        if (StagingJournal.Load(path) is not { } before)
        {
            return null;
        }

        var journal = await Task.Factory.StartNew(
            () => StagingDirectory.GoOn(path, before, read, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        var state = journal.State;
        var changed = !state.Plan.Transfer.SequenceEqual(before.Plan.Transfer);
        StagingEvents.GoesOn(logger, state.Position, state.Layout().TotalBytes, changed || state.Position < before.Position, path);
        return new StagingWriter(path, journal, time, logger) { TransferChanged = changed };
    }

    /// <summary>Writes a chunk, which must be the next one. The chunk's memory is free again when this ends.</summary>
    /// <exception cref="InvalidOperationException">The chunk does not follow what was written.</exception>
    /// <exception cref="StagedFileCorruptException">A file is whole and its checksum is wrong: <see cref="RewindAsync"/> goes back to its beginning.</exception>
    /// <exception cref="StagingSpaceException">The disk is full; what is staged is kept: <see cref="RewindAsync"/>, when there is room.</exception>
    /// <exception cref="IOException">The disk fails; also reported here when it failed in the background. This writer cannot be used any more: <see cref="ResumeAsync"/> finds out what is left.</exception>
    public ValueTask WriteAsync(SnapshotChunk chunk)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        RethrowFailure();
        if (Volatile.Read(ref journalFull) is { } full)
        {
            throw new StagingSpaceException(full.Message, full);
        }

        lastWrite = AppendAsync(chunk);
        return new ValueTask(lastWrite);
    }

    /// <summary>
    /// After a broken connection, a full disk or a corrupt file: makes what was written durable, so that nothing that arrived is asked for again, and ends with both positions equal. The next chunk must
    /// begin there. A corrupt file begins anew.
    /// </summary>
    /// <exception cref="StagingSpaceException">The disk is still full.</exception>
    public async Task RewindAsync(CancellationToken cancellationToken)
    {
        await lastWrite.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        RethrowFailure();
        if (corrupt is { } index)
        {
            await ForgetCorruptAsync(index, cancellationToken).ConfigureAwait(false);
        }

        await SyncAsync(cancellationToken).ConfigureAwait(false);
        Invariant.Holds(DurablePosition == ReceivedPosition, "after an fsync of all files everything that was written is durable");
    }

    /// <summary>Makes everything durable and checks every file. Afterwards the directory holds exactly the transfer's files, each as its manifest says.</summary>
    /// <exception cref="InvalidOperationException">Not everything has arrived.</exception>
    /// <exception cref="StagedFileCorruptException">A file is not what the manifest says.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        RethrowFailure();
        if (ReceivedPosition != TotalBytes)
        {
            throw new InvalidOperationException($"The copy is not complete: {ReceivedPosition} of {TotalBytes} bytes have arrived.");
        }

        foreach (var index in layout.Files.Where(index => layout.File(index).Size == 0))
        {
            FileFor(index).Check();
        }

        await SyncAsync(cancellationToken).ConfigureAwait(false);
        foreach (var file in Plan.Manifest.Files)
        {
            var size = new FileInfo(Path.Combine(directory, file.Name)) is { Exists: true } info ? info.Length : -1;
            if (size != file.Size)
            {
                throw new StagedFileCorruptException(file.Name, $"The staged file '{file.Name}' has {size} bytes, its manifest says {file.Size}.");
            }
        }

        ReplicationEvents.StagingCompleted(logger, TotalBytes, directory);
    }

    /// <summary>Gives the copy up and removes the directory.</summary>
    public async Task AbortAsync()
    {
        await DisposeAsync().ConfigureAwait(false);
        await Task.Run(() => Directory.Delete(directory, recursive: true)).ConfigureAwait(false);
    }

    /// <summary>Closes the files and keeps them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        await lastWrite.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await background.DisposeAsync().ConfigureAwait(false);
        open.ForEach(static file => file.Dispose());
        open.Clear();
        journal.Dispose();
        syncing.Dispose();
    }

    private async Task AppendAsync(SnapshotChunk chunk)
    {
        var at = layout.PositionOf(chunk.FileIndex, chunk.FileOffset);
        var end = layout.PositionOf(chunk.FileIndex, chunk.FileOffset + chunk.Data.Length);
        if (at != received || end < 0)
        {
            throw new InvalidOperationException(
                $"{chunk.Data.Length} bytes at {chunk.FileOffset} of file {chunk.FileIndex} do not follow position {received} of this copy.");
        }

        StagedFile file;
        try
        {
            file = FileFor(chunk.FileIndex);
            await file.AppendAsync(chunk.Data, chunk.Crc32C).ConfigureAwait(false);
        }
        catch (IOException error) when (DiskFiles.IsFull(error))
        {
            throw StagingDirectory.Full(directory, error);
        }
        catch (StagedFileCorruptException)
        {
            corrupt = chunk.FileIndex;
            throw;
        }

        lock (gate)
        {
            Interlocked.Exchange(ref received, end);
            receivedCrc = file.IsWhole ? 0 : file.Crc;
        }

        if (end - DurablePosition >= SyncStep)
        {
            background.StepReached();
        }
    }

    private StagedFile FileFor(int index)
    {
        if (index == currentIndex)
        {
            return current!;
        }

        var file = OpenFile(index);
        lock (gate)
        {
            open.Add(file);
            namesDirty = true;
        }

        (current, currentIndex) = (file, index);
        return file;
    }

    private StagedFile OpenFile(int index)
    {
        var expected = layout.File(index);
        var path = Path.Combine(directory, expected.Name);
        var written = ReceivedPosition - layout.PositionOf(index, 0);
        if (written == 0 || expected.Size == 0)
        {
            return new StagedFile(expected, DiskFiles.Create(path, expected.Size));
        }

        // An interrupted copy had begun it: what lies behind the durable position was never acknowledged.
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            RandomAccess.SetLength(handle, written);
            DiskFiles.Reserve(handle, path, written, expected.Size - written);
            return new StagedFile(expected, handle, written, receivedCrc);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private bool IsBehind() => ReceivedPosition > DurablePosition && Volatile.Read(ref journalFull) is null && Volatile.Read(ref failure) is null;

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        await syncing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A thread of its own: an fsync may take seconds, and the pool's threads carry the timers that pace.
            await Task.Factory.StartNew(Sync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            Volatile.Write(ref journalFull, null);
        }
        catch (StagingSpaceException error)
        {
            ReplicationEvents.StagingFailed(logger, error, directory, DurablePosition);
            Volatile.Write(ref journalFull, error);
            throw;
        }
        catch (IOException error)
        {
            // After a failed fsync nobody knows which pages were lost: this writer can no longer be trusted, and every later call says so.
            ReplicationEvents.StagingFailed(logger, error, directory, DurablePosition);
            Volatile.Write(ref failure, error);
            throw;
        }
        finally
        {
            syncing.Release();
        }

        DurableAdvanced?.Invoke(DurablePosition);
    }

    private void Sync()
    {
        StagedFile[] files;
        bool names;
        long position;
        uint crc;
        lock (gate)
        {
            // The position first: what is written from now on may or may not be covered by the fsyncs below.
            (position, crc) = (received, receivedCrc);
            files = [.. open];
            (names, namesDirty) = (namesDirty, false);
        }

        foreach (var file in files)
        {
            // A file that was whole before its fsync is finished with after it.
            var finished = file.IsWhole;
            if (file.IsDirty)
            {
                file.IsDirty = false;
                BeforeDisk?.Invoke("sync");
                file.Sync();
            }

            if (finished && !ReferenceEquals(file, current))
            {
                Close(file);
            }
        }

        if (names)
        {
            DurableFile.SyncDirectory(directory);
        }

        TellJournal(position, crc);
        Interlocked.Exchange(ref durable, position);
    }

    private void TellJournal(long position, uint crc)
    {
        if (position == journal.State.Position && crc == journal.State.Crc)
        {
            return;
        }

        try
        {
            BeforeDisk?.Invoke("journal");
            journal.Append(position, crc);
        }
        catch (IOException error) when (DiskFiles.IsFull(error))
        {
            throw StagingDirectory.Full(directory, error);
        }
    }

    // A file that arrived whole but wrong: what is known of it is forgotten, on the disk too, and it begins anew.
    private async Task ForgetCorruptAsync(int index, CancellationToken cancellationToken)
    {
        await syncing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Close(current!);
            (current, currentIndex, corrupt) = (null, -1, null);
            lock (gate)
            {
                (received, receivedCrc) = (layout.PositionOf(index, 0), 0);
            }
        }
        finally
        {
            syncing.Release();
        }
    }

    private void Close(StagedFile file)
    {
        lock (gate)
        {
            open.Remove(file);
        }

        file.Dispose();
    }

    private void RethrowFailure()
    {
        if (Volatile.Read(ref failure) is { } error)
        {
            throw new IOException($"Staging in '{directory}' has failed: {error.Message}", error);
        }
    }
}
