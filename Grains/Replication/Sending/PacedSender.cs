using System.Net.Sockets;
using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;

namespace Sluice.Replication;

/// <summary>
/// The sending half of a flow: frames go out at the flow's pacing rate and within the window of bytes that the receiver has not yet taken in. It never holds more than the one frame that is being
/// sent; the next one is read from disk or log only when <see cref="ReadyAsync"/> says so.
/// </summary>
internal sealed class PacedSender : IDisposable
{
    // A change of the rate must take effect within one second while the sender waits for the old one: it looks again this often.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    // The timers of the platform are not finer.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    // Ethernet 14, IPv4 20, TCP 20 and its timestamps 12: what a segment costs on the wire besides its payload.
    private const double SegmentOverhead = 66;

    // A receiver whose disk is stuck for so long had better begin a new connection.
    private static readonly TimeSpan ConsumptionPatience = TimeSpan.FromMinutes(1);

    private readonly FrameConnection connection;
    private readonly Flow flow;
    private readonly TimeProvider time;
    private readonly int window;
    private readonly Func<Memory<byte>, int> heartbeat;
    private readonly Signal acknowledged = new();
    private readonly PacingBucket bucket;
    private readonly byte[] heartbeatFrame = new byte[128];
    private readonly FrameClock clock = new();
    private readonly Lock clockGate = new();
    private long sent;
    private long written;
    private long heldBackTicks;
    private long consumed;

    /// <summary>Begins to pace the connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="flow">What says how fast.</param>
    /// <param name="time">The clock.</param>
    /// <param name="window">Bytes that may be under way.</param>
    /// <param name="heartbeat">Writes the frame that says that this side is alive, and returns its length.</param>
    public PacedSender(FrameConnection connection, Flow flow, TimeProvider time, int window, Func<Memory<byte>, int> heartbeat)
    {
        this.connection = connection;
        this.flow = flow;
        this.time = time;
        this.window = window;
        this.heartbeat = heartbeat;
        bucket = new PacingBucket(flow.PacingBytesPerSecond, connection.Now);
        flow.PacingChanged += PaceKernel;
        flow.PauseChanged += acknowledged.Set;
        PaceKernel(flow.PacingBytesPerSecond);
        WireFactor = 1 + SegmentOverhead / Math.Max(500, ReplicationSocket.Figures(connection.Socket).SegmentBytes);
    }

    /// <summary>Bytes on the wire for a byte of payload, packet headers included.</summary>
    public double WireFactor { get; }

    /// <summary>Bytes of frames that were given to the connection so far, the one included that is being sent.</summary>
    public long SentBytes => Interlocked.Read(ref sent);

    /// <summary>How long in all writing has waited for room in the socket.</summary>
    public TimeSpan HeldBack => TimeSpan.FromTicks(Interlocked.Read(ref heldBackTicks));

    /// <summary>True while a frame is half sent: then nothing else may be sent on this connection.</summary>
    public bool InFrame { get; private set; }

    /// <summary>The payload that the next frame should have.</summary>
    public int FramePayload => FrameSizing.Payload(flow.PacingBytesPerSecond);

    /// <summary>Tells how much payload is still to be sent.</summary>
    public void Remaining(long bytes) => flow.RemainingBytes = bytes;

    /// <summary>The receiver has taken in so many bytes of frames.</summary>
    /// <exception cref="MalformedFrameException">It claims more than was sent, or takes something back.</exception>
    public void Consumed(long bytes)
    {
        if (bytes < Interlocked.Read(ref consumed) || bytes > Interlocked.Read(ref sent))
        {
            throw new MalformedFrameException($"An Ack frame acknowledges {bytes} bytes where {sent} were sent and {consumed} acknowledged before.");
        }

        Interlocked.Exchange(ref consumed, bytes);
        lock (clockGate)
        {
            clock.Acknowledged(bytes, connection.Now);
        }

        acknowledged.Set();
    }

    /// <summary>What acknowledgement frames alone tell of the path.</summary>
    public PathSample SampleOfFrames(TimeSpan now)
    {
        lock (clockGate)
        {
            return new PathSample
            {
                At = now,
                Rtt = clock.RoundTripTime,
                RttVariation = clock.Variation,
                MinRtt = clock.Least,
                AckedBytes = Interlocked.Read(ref consumed) * WireFactor,
                SentBytes = Interlocked.Read(ref written) * WireFactor,
                HeldBack = HeldBack,
            };
        }
    }

    /// <summary>Ends when the window has room and the flow is not paused. Meanwhile the receiver hears that this side is alive.</summary>
    /// <exception cref="ReplicationConnectionException">The receiver took nothing in for a minute.</exception>
    public async ValueTask ReadyAsync(CancellationToken cancellationToken)
    {
        var progressAt = connection.Now;
        var progress = Interlocked.Read(ref consumed);
        while (true)
        {
            var next = acknowledged.Next;
            var before = Interlocked.Read(ref consumed);
            var isPaused = flow.IsPaused;
            if (!isPaused && Interlocked.Read(ref sent) - before < window)
            {
                return;
            }

            // A pause is no stall: the operator ordered it.
            if (before > progress || isPaused)
            {
                (progress, progressAt) = (before, connection.Now);
            }
            else if (connection.Now - progressAt > ConsumptionPatience)
            {
                throw new ReplicationConnectionException(ReplicationFailure.Stalled, $"The replica took in nothing for {ConsumptionPatience.TotalSeconds:0} s.");
            }

            await IdleAsync(next, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for something, sending heartbeats; returns after each.</summary>
    /// <returns>Whether what was waited for came.</returns>
    public async ValueTask<bool> IdleAsync(Task awaited, CancellationToken cancellationToken)
    {
        if (await Signal.WaitAsync(awaited, StallDetector.Heartbeat, time, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        await SendAsync(heartbeatFrame.AsMemory(0, heartbeat(heartbeatFrame)), cancellationToken).ConfigureAwait(false);
        return false;
    }

    /// <summary>Sends one whole frame at the pacing rate.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref sent, frame.Length);
        InFrame = true;
        while (!frame.IsEmpty)
        {
            var slice = Math.Min(frame.Length, await TurnAsync(cancellationToken).ConfigureAwait(false));
            await WriteAsync(frame[..slice], cancellationToken).ConfigureAwait(false);
            bucket.Spend(slice * WireFactor, connection.Now);
            flow.CountSent(slice);
            lock (clockGate)
            {
                clock.Written(written += slice, connection.Now);
            }

            frame = frame[slice..];
        }

        InFrame = false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        flow.PacingChanged -= PaceKernel;
        flow.PauseChanged -= acknowledged.Set;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        var writing = connection.SendAsync(slice, cancellationToken);
        if (writing.IsCompletedSuccessfully)
        {
            return;
        }

        var before = connection.Now;
        await writing.ConfigureAwait(false);
        Interlocked.Add(ref heldBackTicks, (connection.Now - before).Ticks);
    }

    private async ValueTask<int> TurnAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = connection.Now;
            bucket.SetRate(flow.PacingBytesPerSecond, flow.IsAtLimit, now);

            var allowed = bucket.Allowed(now);
            if (allowed > 0)
            {
                return allowed;
            }

            var wait = bucket.Wait(now);
            wait = wait < ShortestWait ? ShortestWait : wait > LookAgain ? LookAgain : wait;
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }

    // Called by whoever changes the rate: a sender that waits in the kernel must not finish at the old one.
    private void PaceKernel(long bytesPerSecond)
    {
        try
        {
            ReplicationSocket.Pace(connection.Socket, bytesPerSecond);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It closes just now: there is nothing left to pace.
            return;
        }
    }
}
