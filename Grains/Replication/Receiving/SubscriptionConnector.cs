using System.Net;
using System.Net.Sockets;

namespace Sluice.Replication;

/// <summary>Makes a connection to a source and brings it to the point where the stream begins.</summary>
internal static class SubscriptionConnector
{
    /// <summary>Connects, proves, subscribes.</summary>
    /// <returns>The connection, on which events will come, and what the source said.</returns>
    /// <exception cref="ReplicationConnectionException">The source cannot be reached, or refuses.</exception>
    /// <exception cref="LogTruncatedException">The log no longer reaches back so far.</exception>
    public static async Task<(FrameConnection Connection, AcceptedBody Accepted)> OpenAsync(ReplicationStreamProvider provider, string node, SubscribeBody request)
    {
        var options = provider.Options;
        using var patience = new CancellationTokenSource(options.HandshakeTimeout, provider.Time);
        var step = "find its address";
        FrameConnection? connection = null;
        try
        {
            var address = await provider.Peers.FindAsync(node, patience.Token).ConfigureAwait(false);
            step = $"connect to it at {address}";
            var socket = await ConnectAsync(address, patience.Token).ConfigureAwait(false);
            connection = new FrameConnection(socket, provider.Pool, provider.Time, options.RsyncTimeout, provider.StallsBefore(node), options.WireUse);
            connection.Wire.PeerNode = node;
            step = $"agree with it at {address}";
            await ProveAsync(connection, provider, node, request, patience.Token).ConfigureAwait(false);
            using var answer = await NextAsync(connection, FrameType.Accepted, patience.Token).ConfigureAwait(false);
            connection.AllowBodies(Frame.MaxBody);
            return (connection, FrameReader.Accepted(answer.Body.Span));
        }
        catch (Exception error)
        {
            connection?.Dispose();
            throw Translate(error, node, step, options.HandshakeTimeout);
        }
    }

    /// <summary>What a source's Error frame means here.</summary>
    public static Exception FromPeer(ErrorBody error)
    {
        var failure = error.Code switch
        {
            ReplicationErrorCode.WrongSecret => ReplicationFailure.WrongSecret,
            ReplicationErrorCode.UnknownStream => ReplicationFailure.UnknownStream,
            ReplicationErrorCode.Malformed => ReplicationFailure.Malformed,
            ReplicationErrorCode.SourceUnavailable or ReplicationErrorCode.Stopping => ReplicationFailure.SourceUnavailable,
            ReplicationErrorCode.Busy => ReplicationFailure.Busy,
            ReplicationErrorCode.Superseded => ReplicationFailure.Superseded,
            ReplicationErrorCode.Stalled => ReplicationFailure.Stalled,
            _ => ReplicationFailure.Closed,
        };
        return error.Code == ReplicationErrorCode.LogTruncated ? new LogTruncatedException(error.Message) : new ReplicationConnectionException(failure, error.Message);
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task ProveAsync(FrameConnection connection, ReplicationStreamProvider provider, string node, SubscribeBody request, CancellationToken cancellationToken)
    {
        var secret = provider.Options.PeerSecret();
        var hello = new HelloBody(Handshake.MakeNonce(), provider.Options.Node);
        using var buffer = provider.Pool.Rent(2 * Frame.MaxSmallBody);
        await connection.SendAsync(buffer.Memory[..FrameWriter.Hello(buffer.Memory.Span, hello)], cancellationToken).ConfigureAwait(false);
        using var answer = await NextAsync(connection, FrameType.Challenge, cancellationToken).ConfigureAwait(false);
        var challenge = FrameReader.Challenge(answer.Body.Span);
        if (!Handshake.Matches(Handshake.ListenerProof(secret, hello, challenge.Nonce, challenge.Node), challenge.Proof))
        {
            throw new ReplicationConnectionException(ReplicationFailure.WrongSecret, $"{node} and {hello.Node} do not have the same secret: masterauth of {hello.Node} must be the requirepass of {node}, and their --secret-file the same.");
        }

        // A node that answers at another node's address has its secret, but not its data.
        if (challenge.Node != node)
        {
            throw new ReplicationConnectionException(ReplicationFailure.Refused, $"At the address of {node} answers {challenge.Node}: the topology is out of date.");
        }

        var length = FrameWriter.Proof(buffer.Memory.Span, Handshake.SubscriberProof(secret, hello, challenge.Nonce, challenge.Node));
        length += FrameWriter.Subscribe(buffer.Memory.Span[length..], request);
        await connection.SendAsync(buffer.Memory[..length], cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ReceivedFrame> NextAsync(FrameConnection connection, FrameType type, CancellationToken cancellationToken)
    {
        var frame = await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new ReplicationConnectionException(ReplicationFailure.Closed, "The source closed the connection during the handshake.");
        if (frame.Type == type)
        {
            return frame;
        }

        using (frame)
        {
            throw frame.Type == FrameType.Error
                ? FromPeer(FrameReader.Error(frame.Body.Span))
                : new MalformedFrameException($"A {frame.Type} frame came where {type} must come.");
        }
    }

    private static Exception Translate(Exception error, string node, string step, TimeSpan timeout) => error switch
    {
        SocketException => new ReplicationConnectionException(ReplicationFailure.Refused, $"Node {node}: it was not possible to {step}: {error.Message}.", error),
        OperationCanceledException => new ReplicationConnectionException(ReplicationFailure.Refused, $"Node {node}: it was not possible to {step} within {timeout.TotalSeconds:0} s.", error),
        MalformedFrameException => new ReplicationConnectionException(ReplicationFailure.Malformed, $"Node {node}: {error.Message}", error),
        _ => error,
    };
}
