using System.Threading.Channels;
using Orleans.Streams;

namespace Sluice.Replication;

/// <summary>
/// One subscription: a connection and three loops. One receives frames into a short read-ahead, one hands them to the observer as turns on its scheduler, one acknowledges. The first
/// of them to fail ends the subscription: the connection is closed, then the observer hears why.
/// </summary>
internal sealed class ReplicationSubscription<T> : IAsyncDisposable
{
    // Besides the frame that is being received and the one that the observer has: what hides the observer's pauses from the network. At most 1 MiB each.
    private const int ReadAhead = 2;

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly ReplicationStreamProvider provider;
    private readonly IAsyncObserver<T> observer;
    private readonly TaskScheduler scheduler;
    private readonly IFrameEvents<T> events;
    private readonly Channel<ReceivedFrame> frames = Channel.CreateBounded<ReceivedFrame>(new BoundedChannelOptions(ReadAhead) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource stopping = new();
    private readonly Signal acknowledge = new();
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrameConnection? connection;
    private Task receiving = Task.CompletedTask;
    private Task acknowledging = Task.CompletedTask;
    private long consumed;
    private long durable = -1;
    private long sentConsumed;
    private long sentDurable = -1;
    private int ending;

    public ReplicationSubscription(
        ReplicationStreamProvider provider, ReplicationStream<T> stream, IAsyncObserver<T> observer, TaskScheduler scheduler, SubscriptionDetails details, IFrameEvents<T> events)
    {
        this.provider = provider;
        this.observer = observer;
        this.scheduler = scheduler;
        this.events = events;
        Stream = stream;
        Details = details;
    }

    public Guid Id { get; } = Guid.NewGuid();

    public ReplicationStream<T> Stream { get; }

    public SubscriptionDetails Details { get; }

    public AcceptedBody Accepted { get; private set; }

    public long WireBytesReceived => connection?.ReceivedBytes ?? 0;

    public long PayloadBytesReceived => events.PayloadBytes;

    public DateTimeOffset? LastDataAt => connection?.LastByteAt;

    public TimeSpan RoundTripTime => connection?.RoundTripTime() ?? TimeSpan.Zero;

    /// <summary>Where the stream goes on after the last event that was handed over.</summary>
    public long NextPosition => events.Next;

    private string Name => Stream.StreamId.ToString();

    /// <summary>Connects and begins.</summary>
    public async Task OpenAsync(long position)
    {
        var request = new SubscribeBody(Stream.StreamId.GetNamespace()!, Stream.StreamId.GetKeyAsString(), position, Details.Replica.ToString(), Details.Class);
        (connection, Accepted) = await SubscriptionConnector.OpenAsync(provider, Stream.Source.Node, request).ConfigureAwait(false);
        events.Begin(Accepted);
        ReplicationEvents.Subscribed(provider.Logger, Name, position);
        provider.Enter(this);
        receiving = Task.Run(ReceiveAsync);
        acknowledging = Task.Run(AcknowledgeAsync);
        _ = Task.Run(DeliverAsync);
    }

    public void Acknowledge(long position)
    {
        // Positions only grow, and may come from several turns.
        for (var before = Interlocked.Read(ref durable); position > before; before = Interlocked.Read(ref durable))
        {
            if (Interlocked.CompareExchange(ref durable, position, before) == before)
            {
                acknowledge.Set();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref ending, 1) == 0)
        {
            await CloseAsync(orderly: false).ConfigureAwait(false);
        }

        await closed.Task.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task DeliverAsync()
    {
        Exception? failure = null;
        try
        {
            await foreach (var frame in frames.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                using (frame)
                {
                    if (Volatile.Read(ref ending) == 0)
                    {
                        await DeliverAsync(frame).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (Exception error)
        {
            failure = error;
        }

        await EndAsync(failure).ConfigureAwait(false);
        Drain();
    }

    private async ValueTask DeliverAsync(ReceivedFrame frame)
    {
        if (events.TryRead(frame, out var item, out var position))
        {
            await TurnAsync(() => observer.OnNextAsync(item, new ReplicationToken(position))).ConfigureAwait(false);
        }

        var total = Interlocked.Add(ref consumed, frame.WireBytes);

        // Often enough that the window never closes for want of an acknowledgement, seldom enough that small frames do not cost one each; and when there is nothing else to do.
        if (total - Interlocked.Read(ref sentConsumed) >= provider.Options.WindowBytes / 8 || frames.Reader.Count == 0)
        {
            acknowledge.Set();
        }
    }

    // The subscription ends by itself: completed (no failure) or failed. Nothing is told when it was unsubscribed before.
    private async Task EndAsync(Exception? failure)
    {
        if (Interlocked.Exchange(ref ending, 1) != 0)
        {
            return;
        }

        if (failure is ReplicationConnectionException { Failure: ReplicationFailure.Stalled })
        {
            provider.Stalled(Stream.Source.Node);
        }

        await CloseAsync(orderly: failure is null).ConfigureAwait(false);
        try
        {
            if (failure is null)
            {
                ReplicationEvents.SubscriptionCompleted(provider.Logger, Name, WireBytesReceived);
                await TurnAsync(observer.OnCompletedAsync).ConfigureAwait(false);
            }
            else
            {
                ReplicationEvents.SubscriptionFailed(provider.Logger, PeerError.Unexpected(failure), Name, WireBytesReceived, failure.Message);
                await TurnAsync(() => observer.OnErrorAsync(Translate(failure))).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            ReplicationEvents.ObserverFailed(provider.Logger, error, Name);
        }
    }

    private static Exception Translate(Exception failure) =>
        failure is MalformedFrameException ? new ReplicationConnectionException(ReplicationFailure.Malformed, failure.Message, failure) : failure;

    private async Task CloseAsync(bool orderly)
    {
        provider.Leave(Id);
        await stopping.CancelAsync().ConfigureAwait(false);

        // It sends the last acknowledgement before it ends, unless the source does not even take that.
        await Task.WhenAny(acknowledging, Task.Delay(Farewell, provider.Time)).ConfigureAwait(false);
        if (orderly)
        {
            connection!.Close();
        }
        else
        {
            connection!.Abort();
        }

        await acknowledging.ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        connection.Dispose();
        closed.SetResult();
    }

    private async Task ReceiveAsync()
    {
        Exception? failure = null;
        try
        {
            while (await NextAsync().ConfigureAwait(false) is { } frame)
            {
                await HoldAsync(frame).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            failure = error;
        }

        frames.Writer.Complete(failure);
    }

    // Null at the end of the stream.
    private async ValueTask<ReceivedFrame?> NextAsync()
    {
        var frame = await connection!.ReceiveAsync(stopping.Token).ConfigureAwait(false)
            ?? throw new ReplicationConnectionException(ReplicationFailure.Closed, $"{Stream.Source.Node} closed the connection before the stream was complete.");
        switch (frame.Type)
        {
            case FrameType.Error:
                using (frame)
                {
                    throw SubscriptionConnector.FromPeer(FrameReader.Error(frame.Body.Span));
                }

            case FrameType.Completed:
                using (frame)
                {
                    FrameReader.Completed(frame.Body.Span);
                    return null;
                }

            default:
                provider.BytesArrived(Stream.Source.Node);
                return frame;
        }
    }

    private async ValueTask HoldAsync(ReceivedFrame frame)
    {
        try
        {
            await frames.Writer.WriteAsync(frame, stopping.Token).ConfigureAwait(false);
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    private void Drain()
    {
        while (frames.Reader.TryRead(out var frame))
        {
            frame.Dispose();
        }
    }

    private async Task AcknowledgeAsync()
    {
        var frame = new byte[64];
        try
        {
            while (true)
            {
                var next = acknowledge.Next;
                await SendAcknowledgementAsync(frame, evenIfSame: false).ConfigureAwait(false);

                // At least one each heartbeat: the source must hear that this side lives, even when its observer is busy.
                if (!await Signal.WaitAsync(next, StallDetector.Heartbeat, provider.Time, stopping.Token).ConfigureAwait(false))
                {
                    await SendAcknowledgementAsync(frame, evenIfSame: true).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await SendLastAcknowledgementAsync(frame).ConfigureAwait(false);
        }
        catch (ReplicationConnectionException)
        {
            // The receiving loop sees the same broken connection and reports it.
            connection!.Abort();
        }
    }

    private async Task SendLastAcknowledgementAsync(byte[] frame)
    {
        try
        {
            await SendAcknowledgementAsync(frame, evenIfSame: false).ConfigureAwait(false);
        }
        catch (ReplicationConnectionException)
        {
            // The source learns the durable position at the next subscription.
            connection!.Abort();
        }
    }

    private async ValueTask SendAcknowledgementAsync(byte[] frame, bool evenIfSame)
    {
        var body = new AckBody(Interlocked.Read(ref consumed), Interlocked.Read(ref durable));
        if (evenIfSame || body.Consumed != sentConsumed || body.Durable != sentDurable)
        {
            await connection!.SendAsync(frame.AsMemory(0, FrameWriter.Ack(frame, body)), CancellationToken.None).ConfigureAwait(false);
            Interlocked.Exchange(ref sentConsumed, body.Consumed);
            sentDurable = body.Durable;
        }
    }

    private Task TurnAsync(Func<Task> turn) => Task.Factory.StartNew(turn, CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap();
}
