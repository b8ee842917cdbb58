using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>
/// Writes a snapshot's files into a staging directory as they arrive.
/// <para>
/// Two positions, both payload bytes in the order of transfer: <see cref="ReceivedPosition"/> is what was handed to the file system, <see cref="DurablePosition"/> what would survive a crash: it follows
/// in steps, by fsync in the background, and only it may be acknowledged (durable-ack). Bytes go from the frame that they arrived in straight to the page cache; there is no
/// buffer in between, for the stream's read-ahead already lets network and disk work at once. Memory: none that grows with the data.
/// </para>
/// <para>
/// One caller at a time, as a stream's observer is. When the connection breaks, <see cref="RewindAsync"/> and a new subscription from <see cref="DurablePosition"/> go on with the same files. Disposing
/// closes the files and keeps them; <see cref="AbortAsync"/> removes them.
/// </para>
/// </summary>
public sealed class StagingWriter : IAsyncDisposable
{
    // Steps of durability: an fsync each 32 MiB costs a fast disk little, one each second keeps a slow copy's loss small.
    private const long SyncStep = 32 << 20;
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(1);

    private readonly string directory;
    private readonly TransferLayout layout;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim syncing = new(1, 1);

    private readonly CancellationTokenSource stopping = new();
    private readonly Signal stepReached = new();
    private readonly Lock gate = new();
    private readonly List<StagedFile> open = [];
    private StagedFile? current;
    private int currentIndex = -1;
    private Task background = Task.CompletedTask;

    // A subscription that was given up may still be in its last write when the copy goes on or ends.
    private Task lastWrite = Task.CompletedTask;
    private Exception? failure;
    private long received;
    private long durable;
    private bool namesDirty = true;
    private bool disposed;

    private StagingWriter(string directory, TransferLayout layout, TimeProvider time, ILogger logger)
    {
        this.directory = directory;
        this.layout = layout;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Raised with the new <see cref="DurablePosition"/>, on a thread of the pool.</summary>
    public event Action<long>? DurableAdvanced;

    /// <summary>Payload bytes handed to the file system.</summary>
    public long ReceivedPosition => Interlocked.Read(ref received);

    /// <summary>Payload bytes that would survive a crash.</summary>
    public long DurablePosition => Interlocked.Read(ref durable);

    /// <summary>Payload bytes of the whole transfer.</summary>
    public long TotalBytes => layout.TotalBytes;

    /// <summary>Begins with an empty directory: what an earlier attempt left there is removed.</summary>
    /// <param name="directory">The staging directory; nobody else uses it.</param>
    /// <param name="manifest">What the snapshot consists of; checked, for it comes from a peer.</param>
    /// <param name="transfer">The files that will come, in their order.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For one line at the beginning and one at the end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidManifestException">The manifest is not safe.</exception>
    /// <exception cref="StagingSpaceException">The file system has less room than the copy needs.</exception>
    public static async Task<StagingWriter> CreateAsync(
        string directory, SnapshotManifest manifest, ImmutableArray<int> transfer, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var layout = new TransferLayout(manifest, transfer);
        var path = Path.GetFullPath(directory);
        await Task.Run(() => Prepare(path, layout.TotalBytes), cancellationToken).ConfigureAwait(false);
        ReplicationEvents.StagingBegins(logger, transfer.Length, layout.TotalBytes, path);
        var writer = new StagingWriter(path, layout, time, logger);
        writer.background = Task.Run(writer.SyncInBackgroundAsync, CancellationToken.None);
        return writer;
    }

    /// <summary>Writes a chunk, which must be the next one. The chunk's memory is free again when this ends.</summary>
    /// <exception cref="InvalidOperationException">The chunk does not follow what was written.</exception>
    /// <exception cref="StagedFileCorruptException">A file is whole and its checksum is wrong.</exception>
    /// <exception cref="StagingSpaceException">The disk is full; what is staged is kept.</exception>
    /// <exception cref="IOException">The disk fails; also reported here when it failed in the background.</exception>
    public ValueTask WriteAsync(SnapshotChunk chunk)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        RethrowFailure();
        lastWrite = AppendAsync(chunk);
        return new ValueTask(lastWrite);
    }

    /// <summary>
    /// After a broken connection: makes what was written durable, so that nothing that arrived is asked for again, and ends with both positions equal. The next chunk must begin there.
    /// </summary>
    public async Task RewindAsync(CancellationToken cancellationToken)
    {
        await lastWrite.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        RethrowFailure();
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
        foreach (var file in layout.Files.Select(layout.File))
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
        await stopping.CancelAsync().ConfigureAwait(false);
        await background.ConfigureAwait(false);
        open.ForEach(static file => file.Dispose());
        open.Clear();
        stopping.Dispose();
        syncing.Dispose();
    }

    private static void Prepare(string directory, long bytes)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(directory);
        DurableFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new StagingSpaceException($"'{directory}' has {free} bytes free, the copy needs {bytes}: free {bytes - free} bytes more.");
        }
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

        try
        {
            await FileFor(chunk.FileIndex).AppendAsync(chunk.Data, chunk.Crc32C).ConfigureAwait(false);
        }
        catch (IOException error) when (StagingFiles.IsFull(error))
        {
            throw Full(error);
        }

        if (Interlocked.Add(ref received, chunk.Data.Length) - DurablePosition >= SyncStep)
        {
            stepReached.Set();
        }
    }

    private StagedFile FileFor(int index)
    {
        if (index == currentIndex)
        {
            return current!;
        }

        var expected = layout.File(index);
        var file = new StagedFile(expected, StagingFiles.Create(Path.Combine(directory, expected.Name), expected.Size));
        lock (gate)
        {
            open.Add(file);
            namesDirty = true;
        }

        (current, currentIndex) = (file, index);
        return file;
    }

    private async Task SyncInBackgroundAsync()
    {
        try
        {
            while (true)
            {
                await Signal.WaitAsync(stepReached.Next, SyncEvery, time, stopping.Token).ConfigureAwait(false);
                if (ReceivedPosition > DurablePosition)
                {
                    await SyncAsync(stopping.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception error)
        {
            // Nobody waits for this loop: the next write reports it.
            Volatile.Write(ref failure, error);
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        await syncing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A thread of its own: an fsync may take seconds, and the pool's threads carry the timers that pace.
            await Task.Factory.StartNew(Sync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            // After a failed fsync nobody knows which pages were lost: this attempt can no longer be trusted, and every later call says so.
            var reported = StagingFiles.IsFull(error) ? Full(error) : (Exception)error;
            ReplicationEvents.StagingFailed(logger, reported, directory, DurablePosition);
            Volatile.Write(ref failure, reported);
            throw reported;
        }
        finally
        {
            syncing.Release();
        }

        DurableAdvanced?.Invoke(DurablePosition);
    }

    private void Sync()
    {
        // The position first: what is written from now on may or may not be covered by the fsyncs below.
        var position = ReceivedPosition;
        StagedFile[] files;
        bool names;
        lock (gate)
        {
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

        Interlocked.Exchange(ref durable, position);
    }

    private void Close(StagedFile file)
    {
        lock (gate)
        {
            open.Remove(file);
        }

        file.Dispose();
    }

    private StagingSpaceException Full(IOException error) =>
        new($"The file system of '{directory}' is full at byte {ReceivedPosition} of {TotalBytes}: free some room, the copy goes on from where it stands.", error);

    private void RethrowFailure()
    {
        if (Volatile.Read(ref failure) is { } error)
        {
            throw new IOException($"Staging in '{directory}' has failed: {error.Message}", error);
        }
    }
}
