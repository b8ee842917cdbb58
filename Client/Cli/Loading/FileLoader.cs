using System.Net;
using System.Text;
using Sluice.Client;

namespace Sluice.Cli.Loading;

/// <summary>What was loaded so far.</summary>
/// <param name="Files">Files whose SET was answered with OK.</param>
/// <param name="Bytes">The size of their contents.</param>
internal readonly record struct LoadProgress(long Files, long Bytes);

/// <summary>
/// Loads files through a RESP port, over a few connections, pipelined. Memory is bounded by connections times window, whatever the files' sizes: contents go from
/// file to socket through one buffer.
/// </summary>
internal sealed class FileLoader(IPEndPoint endpoint, string? password, int connections)
{
    /// <summary>At most so many commands wait for a reply on one connection; enough to hide the round trip, few enough to be fair to others.</summary>
    private const int MaxCommands = 256;

    /// <summary>And at most so many bytes, unless one value alone is larger.</summary>
    private const long MaxBytes = 4 * 1024 * 1024;

    private long loadedFiles;
    private long loadedBytes;

    /// <summary>What was loaded so far; safe to read at any time.</summary>
    public LoadProgress Progress => new(Interlocked.Read(ref loadedFiles), Interlocked.Read(ref loadedBytes));

    /// <summary>Loads all files; ends when every one is answered with OK, or at the first failure.</summary>
    /// <exception cref="SluiceException">The node refused a value, or the connection was lost.</exception>
    /// <exception cref="CommandFailedException">A file cannot be read.</exception>
    public async Task LoadAsync(IReadOnlyList<FoundFile> files, CancellationToken cancellationToken)
    {
        using var failure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var next = -1;
        var workers = Enumerable.Range(0, Math.Min(connections, files.Count)).Select(_ => Task.Run(() => RunAsync(() => Interlocked.Increment(ref next)), CancellationToken.None)).ToList();
        await FirstFailureOf(workers, failure, cancellationToken).ConfigureAwait(false);

        async Task RunAsync(Func<int> take)
        {
            await using var connection = await RespConnection.OpenAsync(endpoint, password, failure.Token).ConfigureAwait(false);
            using var here = CancellationTokenSource.CreateLinkedTokenSource(failure.Token);
            var inFlight = new InFlight(MaxCommands, MaxBytes);
            var sending = SendAsync(connection, inFlight, files, take, here.Token);
            var receiving = ReceiveAsync(connection, inFlight, here.Token);
            await FirstFailureOf([sending, receiving], here, failure.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for all tasks; when one fails, ends the others and throws what that one threw, not their cancellation.</summary>
    private static async Task FirstFailureOf(IReadOnlyCollection<Task> tasks, CancellationTokenSource ending, CancellationToken cancellationToken)
    {
        Exception? first = null;
        await foreach (var task in Task.WhenEach(tasks).ConfigureAwait(false))
        {
            if (task.IsFaulted && first is null)
            {
                first = task.Exception.InnerException;
                await ending.CancelAsync().ConfigureAwait(false);
            }
        }

        if (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private static async Task SendAsync(RespConnection connection, InFlight inFlight, IReadOnlyList<FoundFile> files, Func<int> take, CancellationToken cancellationToken)
    {
        for (var index = take(); index < files.Count; index = take())
        {
            var found = files[index];
            try
            {
                using var handle = File.OpenHandle(found.Path, options: FileOptions.Asynchronous | FileOptions.SequentialScan);
                var length = RandomAccess.GetLength(handle);
                if (length > FileSet.MaxValueBytes)
                {
                    throw new CommandFailedException($"'{found.Path}' has grown beyond the largest value, 512 MiB, since it was found.");
                }

                var key = Encoding.UTF8.GetBytes(found.Key);
                await inFlight.EnterAsync(found.Key, length, () => connection.FlushAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
                await connection.SendFileAsync(key, handle, length, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException($"'{found.Path}' cannot be read: {error.Message}", error);
            }
        }

        await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        inFlight.Complete();
    }

    private async Task ReceiveAsync(RespConnection connection, InFlight inFlight, CancellationToken cancellationToken)
    {
        while (await inFlight.NextAsync(cancellationToken).ConfigureAwait(false) is var (key, bytes))
        {
            var reply = await connection.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (reply.Kind == RespReplyKind.Error)
            {
                throw new SluiceCommandException($"{reply.Text} (the node's answer to SET {key})");
            }

            inFlight.Leave(bytes);
            Interlocked.Increment(ref loadedFiles);
            Interlocked.Add(ref loadedBytes, bytes);
        }
    }
}
