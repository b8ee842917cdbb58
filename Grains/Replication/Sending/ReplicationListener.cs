using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Bandwidth;

namespace Sluice.Replication;

/// <summary>
/// The sending side of the data plane: a TCP port of its own, one connection a subscription.
/// <para>
/// A subscriber connects, both sides prove that they know the secret, and the subscriber names a stream, a position and itself. From then on the connection is a *flow*: it is entered in the
/// <see cref="FlowTable"/>, so that the bandwidth agent paces and reports it, and a sender reads the next frame from disk (<see cref="SnapshotSender"/>) or log (<see cref="LogSender"/>) only
/// when pacing and window let it go out. In the other direction come acknowledgements. Whatever goes wrong is told to the peer in an Error frame where the protocol allows one, closes this connection and
/// harms nothing else.
/// </para>
/// <para>
/// Plain sockets, not Kestrel: Kestrel's transport owns the socket and puts a pipe before it, which holds bytes that pacing has not released yet, hides how much of a write the kernel
/// took, and copies once more.
/// </para>
/// </summary>
public sealed class ReplicationListener : IHostedService, IAsyncDisposable
{
    private readonly ReplicationOptions options;
    private readonly ConcurrentDictionary<ReplicationSession, Task> sessions = new();
    private readonly ConcurrentDictionary<(string Namespace, string Key, string Replica), ReplicationSession> serving = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly ILogger logger;
    private Socket? socket;
    private Task accepting = Task.CompletedTask;
    private int unauthenticated;
    private int disposed;

    /// <summary>Makes a listener; it listens once started.</summary>
    public ReplicationListener(ReplicationOptions options, ReplicationSources sources, FlowTable flows, FrameBufferPool pool, TimeProvider time, ILogger<ReplicationListener> logger)
    {
        this.options = options;
        this.logger = logger;
        Sources = sources;
        Flows = flows;
        Pool = pool;
        Time = time;
    }

    /// <summary>Where it listens; valid once started.</summary>
    public IPEndPoint EndPoint => (IPEndPoint?)socket?.LocalEndPoint ?? throw new InvalidOperationException("The replication listener is not started.");

    /// <summary>Connections that are served at present, whether or not they have proved themselves.</summary>
    public int Connections => sessions.Count;

    internal ReplicationSources Sources { get; }

    internal FlowTable Flows { get; }

    internal FrameBufferPool Pool { get; }

    internal TimeProvider Time { get; }

    internal ReplicationOptions Options => options;

    internal ILogger Logger => logger;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var listening = new Socket(options.ListenOn.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listening.Bind(options.ListenOn);
            listening.Listen(128);
        }
        catch (SocketException)
        {
            listening.Dispose();
            throw;
        }

        socket = listening;
        ReplicationEvents.Listening(logger, EndPoint);
        accepting = AcceptAsync(listening);
        return Task.CompletedTask;
    }

    /// <summary>Closes the port and all connections.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        socket?.Dispose();
        await accepting.ConfigureAwait(false);
        await Task.WhenAll(sessions.Values).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // The container disposes of it twice: as itself and as a hosted service.
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        stopping.Dispose();
    }

    /// <summary>
    /// Makes a session the only one that serves this stream to this replica. One that did so before is closed first, so that never two of them send the same bytes.
    /// </summary>
    internal async Task ServeAloneAsync((string Namespace, string Key, string Replica) stream, ReplicationSession session, CancellationToken cancellationToken)
    {
        while (!serving.TryAdd(stream, session))
        {
            if (serving.TryGetValue(stream, out var earlier))
            {
                await earlier.SupersedeAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    internal void ServesNoMore((string Namespace, string Key, string Replica) stream, ReplicationSession session) => serving.TryRemove(new(stream, session));

    /// <summary>The session has proved that it knows the secret.</summary>
    internal void Authenticated() => Interlocked.Decrement(ref unauthenticated);

    private async Task AcceptAsync(Socket listening)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Serve(await listening.AcceptAsync(stopping.Token).ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // A connection that was gone before it was accepted, or no file handle left. The second needs a pause, the first bears it.
                ReplicationEvents.NotAccepted(logger, error);
                await Task.Delay(TimeSpan.FromMilliseconds(50), Time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Serve(Socket accepted)
    {
        if (sessions.Count >= options.MaxConnections || Interlocked.Increment(ref unauthenticated) > options.MaxUnauthenticated)
        {
            if (sessions.Count < options.MaxConnections)
            {
                Interlocked.Decrement(ref unauthenticated);
            }

            Refuse(accepted);
            return;
        }

        var session = new ReplicationSession(this, accepted);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sessions[session] = ended.Task;
        _ = RunAsync(session, ended);
    }

    private async Task RunAsync(ReplicationSession session, TaskCompletionSource ended)
    {
        await Task.Yield();
        try
        {
            await session.RunAsync(stopping.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            ReplicationEvents.SessionFailed(logger, error);
        }
        finally
        {
            sessions.TryRemove(session, out _);
            ended.SetResult();
        }
    }

    // The frame fits into the empty socket buffer: sending it cannot wait.
    private void Refuse(Socket accepted)
    {
        ReplicationEvents.TooManyConnections(logger, accepted.RemoteEndPoint);
        var frame = new byte[256];
        var length = FrameWriter.Error(frame, new ErrorBody(ReplicationErrorCode.Busy, $"{options.Node} has too many replication connections; try again later."));
        try
        {
            accepted.Blocking = false;
            accepted.Send(frame.AsSpan(0, length));
            accepted.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException error)
        {
            ReplicationEvents.NotAccepted(logger, error);
        }
        finally
        {
            accepted.Dispose();
        }
    }
}
