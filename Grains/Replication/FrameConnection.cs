using System.Net.Sockets;
using Sluice.Bandwidth;

namespace Sluice.Replication;

/// <summary>
/// One connection of the data plane, either side: frames in, bytes out, and a watch that closes it when the peer falls silent. One reader and one writer at a time. Whatever ends it
/// comes out of <see cref="ReceiveAsync"/> as a typed exception.
/// </summary>
internal sealed class FrameConnection : IDisposable
{
    // Often enough that a stall is noticed soon after its limit, seldom enough to cost nothing.
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(250);

    private readonly Socket socket;
    private readonly FrameDecoder decoder;
    private readonly TimeProvider time;
    private readonly Func<TimeSpan> rsyncTimeout;
    private readonly int stallsBefore;
    private readonly StallDetector detector = new();
    private readonly Lock gate = new();
    private readonly ITimer watch;
    private readonly WireUse? use;
    private readonly long origin;
    private long receivedBytes;
    private long lastByteTicks;
    private TimeSpan stalledFor;
    private bool closed;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">Closed with the connection.</param>
    /// <param name="pool">Where received frames live.</param>
    /// <param name="time">The clock.</param>
    /// <param name="rsyncTimeout">See <see cref="ReplicationOptions.RsyncTimeout"/>.</param>
    /// <param name="stallsBefore">See <see cref="StallDetector.Limit"/>.</param>
    /// <param name="use">Where the connection is entered as long as it is open; null: nowhere.</param>
    public FrameConnection(Socket socket, FrameBufferPool pool, TimeProvider time, Func<TimeSpan> rsyncTimeout, int stallsBefore, WireUse? use = null)
    {
        this.socket = socket;
        this.time = time;
        this.rsyncTimeout = rsyncTimeout;
        this.stallsBefore = stallsBefore;
        decoder = new FrameDecoder(pool);
        origin = time.GetTimestamp();
        socket.NoDelay = true;
        this.use = use;
        Wire = new WireMeter(socket);
        use?.Enter(Wire);
        watch = time.CreateTimer(static state => ((FrameConnection)state!).Watch(), this, WatchEvery, WatchEvery);
    }

    /// <summary>The socket, for its options.</summary>
    public Socket Socket => socket;

    /// <summary>What the connection takes of the wire.</summary>
    public WireMeter Wire { get; }

    /// <summary>Bytes received, headers included.</summary>
    public long ReceivedBytes => Interlocked.Read(ref receivedBytes);

    /// <summary>When the last byte arrived; null when none did.</summary>
    public DateTimeOffset? LastByteAt => Interlocked.Read(ref lastByteTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Time since the connection was made.</summary>
    public TimeSpan Now => time.GetElapsedTime(origin);

    /// <summary>A peer that has proved itself may send longer frames.</summary>
    public void AllowBodies(int maxBody) => decoder.MaxBody = maxBody;

    /// <summary>The next frame, to be disposed of by the caller; null when the peer ended the connection between two frames.</summary>
    /// <exception cref="ReplicationConnectionException">It was closed, it stalled, or it broke.</exception>
    /// <exception cref="MalformedFrameException">The peer sent something else than a frame.</exception>
    public async ValueTask<ReceivedFrame?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var count = await ReceiveBytesAsync(cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return decoder.AtBoundary ? null : throw new ReplicationConnectionException(ReplicationFailure.Closed, "The peer closed the connection in the middle of a frame.");
            }

            if (decoder.Advance(count) is { } frame)
            {
                return frame;
            }
        }
    }

    /// <summary>Sends all of it.</summary>
    /// <exception cref="ReplicationConnectionException">The connection is closed or broken.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                var count = await socket.SendAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
                Wire.Written(count);
                bytes = bytes[count..];
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Failure(error);
        }
    }

    /// <summary>Says that nothing more will be sent, and gives the peer a bounded chance to read what was: closing with unread input would reset the connection and lose it.</summary>
    public async Task LingerAsync(TimeSpan atMost)
    {
        using var patience = new CancellationTokenSource(atMost, time);
        var scrap = new byte[4096];
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(scrap, SocketFlags.None, patience.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer is gone, or takes its time; closing is all that is left either way.
            return;
        }
    }

    /// <summary>Closes it at once; what waits in the kernel to be sent is discarded, so that nothing late can arrive. The peer sees a reset.</summary>
    public void Abort() => Close(discard: true);

    /// <summary>Closes it after the stream has come to its end: what was sent still arrives, and the peer sees an orderly close.</summary>
    public void Close() => Close(discard: false);

    /// <summary>Gives back what an unfinished frame holds. Only when nobody receives any more.</summary>
    public void Dispose()
    {
        Abort();
        decoder.Dispose();
    }

    private void Close(bool discard)
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
        }

        watch.Dispose();
        Wire.Count();
        use?.Leave(Wire);
        try
        {
            if (discard)
            {
                socket.LingerState = new LingerOption(true, 0);
            }
        }
        catch (SocketException)
        {
            // The peer has reset it already: there is nothing left to discard.
            socket.Dispose();
        }

        socket.Dispose();
    }

    private async ValueTask<int> ReceiveBytesAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            detector.ReadBegins(Now);
        }

        try
        {
            var count = await socket.ReceiveAsync(decoder.Free, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            ReplicationSocket.AcknowledgeAtOnce(socket, count);
            lock (gate)
            {
                detector.BytesArrived(Now);
            }

            Wire.Read(count);
            Interlocked.Add(ref receivedBytes, count);
            Interlocked.Exchange(ref lastByteTicks, time.GetUtcNow().UtcTicks);
            return count;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Failure(error);
        }
    }

    private ReplicationConnectionException Failure(Exception error)
    {
        lock (gate)
        {
            return stalledFor > TimeSpan.Zero
                ? new ReplicationConnectionException(ReplicationFailure.Stalled, $"The connection stalled: no byte arrived for {stalledFor.TotalSeconds:0.0} s.", error)
                : new ReplicationConnectionException(ReplicationFailure.Closed, $"The connection was closed: {error.Message}", error);
        }
    }

    private void Watch()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            var silence = detector.Silence(Now);
            if (silence <= detector.Limit(rsyncTimeout(), RoundTripTime(), stallsBefore))
            {
                return;
            }

            stalledFor = silence;
        }

        Abort();
    }

    /// <summary>TCP's smoothed round trip; zero when it cannot be told.</summary>
    public TimeSpan RoundTripTime()
    {
        try
        {
            return ReplicationSocket.Figures(socket).RoundTripTime;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It closes just now.
            return TimeSpan.Zero;
        }
    }
}
