using System.Net;
using System.Net.Sockets;
using Sluice.Bandwidth;

namespace Sluice.Replication;

/// <summary>One accepted connection: proves both sides, finds the stream, sends it, hears acknowledgements, and tells the peer why it ends.</summary>
internal sealed class ReplicationSession(ReplicationListener listener, Socket accepted) : IDisposable
{
    // What the last frame and the peer's reading of it may take.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private readonly FrameConnection connection = new(accepted, listener.Pool, listener.Time, listener.Options.RsyncTimeout, 0, listener.Options.WireUse);
    private readonly EndPoint? peer = accepted.RemoteEndPoint;
    private readonly CancellationTokenSource superseded = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private bool authenticated;
    private bool disposed;
    private PacedSender? sender;

    /// <summary>Serves the connection to its end. Does not throw what a peer or a source can cause.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, superseded.Token);
        try
        {
            await ServeAsync(stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (Reason(error, stopping) is { } reason)
        {
            ReplicationEvents.ConnectionEnded(listener.Logger, peer, reason.Code, reason.Message);
            await TellAsync(reason).ConfigureAwait(false);
        }
        finally
        {
            if (!authenticated)
            {
                listener.Authenticated();
            }

            Dispose();
            ended.SetResult();
        }
    }

    /// <summary>Another connection takes this one's place. Ends when this one is closed.</summary>
    public async Task SupersedeAsync()
    {
        Task cancelled;
        lock (gate)
        {
            cancelled = disposed ? Task.CompletedTask : superseded.CancelAsync();
        }

        await cancelled.ConfigureAwait(false);
        await ended.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            superseded.Dispose();
        }

        sender?.Dispose();
        connection.Dispose();
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        var request = await AuthenticateAsync(cancellationToken).ConfigureAwait(false);
        if (request is null)
        {
            return;
        }

        var replica = ParseReplica(request);
        var stream = (request.Namespace, request.Key, request.Replica);
        await listener.ServeAloneAsync(stream, this, cancellationToken).ConfigureAwait(false);
        try
        {
            await SendStreamAsync(request, replica, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            listener.ServesNoMore(stream, this);
        }
    }

    // Bounded in bytes by the small frames, and in time. Null: the peer went away by itself.
    private async Task<SubscribeBody?> AuthenticateAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(listener.Options.HandshakeTimeout, listener.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var first = await connection.ReceiveAsync(both.Token).ConfigureAwait(false);
            if (first is null)
            {
                return null;
            }

            var hello = FrameReader.Hello(Expect(first, FrameType.Hello).Span);
            var node = listener.Options.Node;
            var secret = listener.Options.Secret();
            var nonce = Handshake.MakeNonce();
            using var buffer = listener.Pool.Rent(Frame.MaxSmallBody);
            var length = FrameWriter.Challenge(buffer.Memory.Span, new ChallengeBody(nonce, Handshake.ListenerProof(secret, hello, nonce, node), node));
            await connection.SendAsync(buffer.Memory[..length], both.Token).ConfigureAwait(false);

            using var second = await connection.ReceiveAsync(both.Token).ConfigureAwait(false);
            var proof = FrameReader.Proof(Expect(second, FrameType.Proof).Span);
            if (!Handshake.Matches(Handshake.SubscriberProof(secret, hello, nonce, node), proof))
            {
                throw new ReplicationConnectionException(ReplicationFailure.WrongSecret, $"{hello.Node} and {node} do not have the same secret: masterauth of {hello.Node} must be the requirepass of {node}, and their --secret-file the same.");
            }

            authenticated = true;
            connection.Wire.PeerNode = hello.Node;
            listener.Authenticated();
            using var third = await connection.ReceiveAsync(both.Token).ConfigureAwait(false);
            return FrameReader.Subscribe(Expect(third, FrameType.Subscribe).Span);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ReplicationConnectionException(ReplicationFailure.Stalled, $"The handshake took longer than {listener.Options.HandshakeTimeout.TotalSeconds:0} s.");
        }
    }

    private static ReplicaKey ParseReplica(SubscribeBody request)
    {
        try
        {
            return ReplicaKey.Parse(request.Replica);
        }
        catch (FormatException error)
        {
            throw new MalformedFrameException(error.Message, error);
        }
    }

    private Task SendStreamAsync(SubscribeBody request, ReplicaKey replica, CancellationToken cancellationToken)
    {
        if (request.Namespace is ReplicationStreams.SnapshotNamespace or ReplicationStreams.ManifestNamespace
            && Guid.TryParseExact(request.Key[(request.Key.LastIndexOf('/') + 1)..], "N", out var lease)
            && listener.Sources.FindSnapshot(lease) is { } snapshot)
        {
            return request.Namespace == ReplicationStreams.SnapshotNamespace
                ? SendSnapshotAsync(request, replica, snapshot, cancellationToken)
                : SendManifestAsync(request, replica, snapshot, cancellationToken);
        }

        if (request.Namespace is ReplicationStreams.LogNamespace or ReplicationStreams.SpoolNamespace && TryParseReplica(request.Key, out var key) && listener.Sources.FindLog(key) is { } log)
        {
            return SendLogAsync(request, replica, log, cancellationToken);
        }

        throw new ReplicationConnectionException(ReplicationFailure.UnknownStream, $"{listener.Options.Node} does not offer the {Shorten(request.Namespace)} stream '{Shorten(request.Key)}'.");
    }

    private async Task SendSnapshotAsync(SubscribeBody request, ReplicaKey replica, ISnapshotSource source, CancellationToken cancellationToken)
    {
        var layout = new TransferLayout(source.Lease.Manifest, source.Lease.Transfer);
        if (request.Position < 0 || request.Position > layout.TotalBytes)
        {
            throw new MalformedFrameException($"Position {request.Position} is not within the snapshot's {layout.TotalBytes} bytes.");
        }

        var epoch = source.Lease.Manifest.Epoch;
        using var flow = Open(FlowKind.Snapshot, replica, request.Class);
        var paced = Begin(flow, frame => Heartbeat(frame, epoch));
        source.Touch();
        await AcceptAsync(new AcceptedBody(request.Position, layout.TotalBytes, epoch), cancellationToken).ConfigureAwait(false);
        ReplicationEvents.SnapshotFlowBegins(listener.Logger, flow.Id, request.Position, layout.TotalBytes);
        using var sending = new SnapshotSender(source, layout, request.Position, paced, listener.Pool);
        await BothAsync(sending.RunAsync, flow, paced, _ => source.Touch(), cancellationToken).ConfigureAwait(false);
        ReplicationEvents.FlowEnds(listener.Logger, flow.Id, flow.SentBytes);
    }

    private async Task SendManifestAsync(SubscribeBody request, ReplicaKey replica, ISnapshotSource source, CancellationToken cancellationToken)
    {
        var manifest = ManifestEncoding.Write(source.Lease);
        if (request.Position < 0 || request.Position > manifest.Length)
        {
            throw new MalformedFrameException($"Position {request.Position} is not within the manifest's {manifest.Length} bytes.");
        }

        var epoch = source.Lease.Manifest.Epoch;
        using var flow = Open(FlowKind.Snapshot, replica, request.Class);
        var paced = Begin(flow, frame => Heartbeat(frame, epoch));
        source.Touch();
        await AcceptAsync(new AcceptedBody(request.Position, manifest.Length, epoch), cancellationToken).ConfigureAwait(false);
        var sending = new ManifestSender(manifest, source, request.Position, paced, listener.Pool);
        await BothAsync(sending.RunAsync, flow, paced, _ => source.Touch(), cancellationToken).ConfigureAwait(false);
    }

    private async Task SendLogAsync(SubscribeBody request, ReplicaKey replica, ILogSource source, CancellationToken cancellationToken)
    {
        using var flow = Open(FlowKind.Log, replica, request.Class);

        // Opening a reader tells whether the log reaches back so far: before the subscriber hears that it is accepted.
        source.OpenReader(request.Position).Dispose();
        using var follower = source.Follow(replica, request.Namespace == ReplicationStreams.SpoolNamespace ? FollowerMode.Spool : FollowerMode.Apply, request.Position);
        LogSender? sending = null;
        var paced = Begin(flow, frame => sending!.WriteProgress(frame));
        sending = new LogSender(source, follower, request.Position, paced, listener.Pool, listener.Time);
        await AcceptAsync(new AcceptedBody(request.Position, source.LatestSequence, source.Epoch), cancellationToken).ConfigureAwait(false);
        ReplicationEvents.LogFlowBegins(listener.Logger, flow.Id, request.Position);
        try
        {
            await BothAsync(sending.RunAsync, flow, paced, ack => follower.Acknowledged(ack.Durable >= 0 ? ack.Durable : null, ack.Consumed), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ReplicationEvents.FlowEnds(listener.Logger, flow.Id, flow.SentBytes);
        }
    }

    private Flow Open(FlowKind kind, ReplicaKey replica, string qosClass) =>
        listener.Flows.Open(new FlowId(kind, listener.Options.Node, replica), qosClass, listener.Options.InitialBytesPerSecond(kind));

    private int Heartbeat(Memory<byte> frame, long epoch) => FrameWriter.Heartbeat(frame.Span, new HeartbeatBody(epoch, 0, Clock()));

    private PacedSender Begin(Flow flow, Func<Memory<byte>, int> heartbeat) =>
        sender = new PacedSender(connection, flow, listener.Time, listener.Options.WindowBytes, heartbeat);

    private async Task AcceptAsync(AcceptedBody body, CancellationToken cancellationToken)
    {
        var frame = new byte[64];
        await connection.SendAsync(frame.AsMemory(0, FrameWriter.Accepted(frame, body)), cancellationToken).ConfigureAwait(false);
    }

    // Sends and hears at once. The connection lives until the peer has closed it, or either direction fails.
    private async Task BothAsync(Func<CancellationToken, Task> send, Flow flow, PacedSender paced, Action<AckBody> acknowledged, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var controlling = new RateControlLoop(connection, flow, paced, listener.Options.TargetQueueDelay, listener.Time).RunAsync(stop.Token);
        try
        {
            await BothAsync(send, acknowledged, stop).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await controlling.ConfigureAwait(false);
        }
    }

    private async Task BothAsync(Func<CancellationToken, Task> send, Action<AckBody> acknowledged, CancellationTokenSource stop)
    {
        var hearing = HearAsync(acknowledged, stop.Token);
        var sending = Task.Run(() => send(stop.Token), stop.Token);
        var first = await Task.WhenAny(hearing, sending).ConfigureAwait(false);
        if (first == sending && sending.IsCompletedSuccessfully)
        {
            await hearing.ConfigureAwait(false);
            return;
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(hearing, sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    private async Task HearAsync(Action<AckBody> acknowledged, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var frame = await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            if (frame is null)
            {
                return;
            }

            var ack = FrameReader.Ack(Expect(frame, FrameType.Ack).Span);
            sender!.Consumed(ack.Consumed);
            acknowledged(ack);
        }
    }

    private static ReadOnlyMemory<byte> Expect(ReceivedFrame? frame, FrameType type) =>
        frame is null ? throw new ReplicationConnectionException(ReplicationFailure.Closed, "The peer closed the connection.")
        : frame.Type == type ? frame.Body
        : throw new MalformedFrameException($"A {frame.Type} frame came where {type} must come.");

    // Null: an error of our own, which the listener logs as such.
    private ErrorBody? Reason(Exception error, CancellationToken stopping) => error switch
    {
        ReplicationConnectionException { Failure: ReplicationFailure.WrongSecret } => new(ReplicationErrorCode.WrongSecret, error.Message),
        ReplicationConnectionException { Failure: ReplicationFailure.UnknownStream } => new(ReplicationErrorCode.UnknownStream, error.Message),
        ReplicationConnectionException { Failure: ReplicationFailure.Stalled } => new(ReplicationErrorCode.Stalled, error.Message),
        ReplicationConnectionException => new(ReplicationErrorCode.SourceUnavailable, error.Message),
        MalformedFrameException => new(ReplicationErrorCode.Malformed, error.Message),
        LogTruncatedException => new(ReplicationErrorCode.LogTruncated, error.Message),
        ShardUnavailableException or IOException or UnauthorizedAccessException or ObjectDisposedException => new(ReplicationErrorCode.SourceUnavailable, error.Message),
        OperationCanceledException when stopping.IsCancellationRequested => new(ReplicationErrorCode.Stopping, $"{listener.Options.Node} stops."),
        OperationCanceledException when superseded.IsCancellationRequested => new(ReplicationErrorCode.Superseded, "The same replica has opened the same stream anew."),
        _ => null,
    };

    // Between two frames the peer can be told; within one it could not tell the reason from payload.
    private async Task TellAsync(ErrorBody reason)
    {
        if (sender is { InFrame: true })
        {
            return;
        }

        // Who supersedes this session waits for its end.
        var isAwaited = reason.Code == ReplicationErrorCode.Superseded;
        using var patience = new CancellationTokenSource(isAwaited ? Farewell / 10 : Farewell, listener.Time);
        var frame = new byte[2048];
        try
        {
            await connection.SendAsync(frame.AsMemory(0, FrameWriter.Error(frame, reason)), patience.Token).ConfigureAwait(false);
            await connection.LingerAsync(isAwaited ? TimeSpan.Zero : Farewell).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ReplicationConnectionException or OperationCanceledException)
        {
            // The peer cannot hear it any more; the log has it.
            connection.Abort();
        }
    }

    private long Clock() => listener.Time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];

    private static bool TryParseReplica(string text, out ReplicaKey key)
    {
        try
        {
            key = ReplicaKey.Parse(text);
            return true;
        }
        catch (FormatException)
        {
            key = default;
            return false;
        }
    }
}
