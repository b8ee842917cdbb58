using System.Net.Sockets;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class ReplicationListenerTests
{
    [Fact]
    public async Task A_wrong_secret_is_refused_on_both_sides()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes =>
        {
            nodes.Sending.Secret = () => "right";
            nodes.Receiving.PeerSecret = () => "wrong";
        });
        var snapshot = nodes.OfferSnapshot(1, 10);
        var error = await FailsAsync(() => nodes.SnapshotStream(snapshot).SubscribeAsync(Nobody()));
        Assert.Equal(ReplicationFailure.WrongSecret, error.Failure);

        // The right one still works.
        nodes.Receiving.PeerSecret = () => "right";
        var observer = Nobody();
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended;
    }

    [Fact]
    public async Task A_peer_that_knows_no_secret_is_told_so_and_gets_nothing()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.Secret = () => "right");
        using var peer = await RawPeer.ConnectAsync(nodes);
        await peer.SendAsync(FrameTests.Sample(FrameType.Hello));
        Assert.Equal(FrameType.Challenge, (await peer.ReceiveAsync()).Type);
        await peer.SendAsync(FrameTests.Sample(FrameType.Proof));
        await peer.SendAsync(FrameTests.Sample(FrameType.Subscribe));
        Assert.Equal(ReplicationErrorCode.WrongSecret, await peer.ReceiveErrorAsync());
        Assert.Empty(nodes.Flows.Flows);
    }

    [Fact]
    public async Task An_unknown_stream_is_refused_with_the_typed_error()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var stream = nodes.Provider.GetStream<SnapshotChunk>(ReplicationStreams.Snapshot(new ReplicaKey(3, "a"), Guid.NewGuid()));
        Assert.Equal(ReplicationFailure.UnknownStream, (await FailsAsync(() => stream.SubscribeAsync(Nobody()))).Failure);
        Assert.Equal(ReplicationFailure.UnknownStream, (await FailsAsync(() => nodes.LogStream().SubscribeAsync(new Observer<LogFrame>((_, _) => Task.CompletedTask), new ReplicationToken(1)))).Failure);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_said_so()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 10);
        await nodes.Listener.StopAsync(CancellationToken.None);
        nodes.Detour = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1);
        Assert.Equal(ReplicationFailure.Refused, (await FailsAsync(() => nodes.SnapshotStream(snapshot).SubscribeAsync(Nobody()))).Failure);
    }

    [Fact]
    public async Task Another_node_at_the_address_is_refused()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.Node = "c");
        var snapshot = nodes.OfferSnapshot(1, 10);
        var error = await FailsAsync(() => nodes.SnapshotStream(snapshot).SubscribeAsync(Nobody()));
        Assert.Equal(ReplicationFailure.Refused, error.Failure);
        Assert.Contains("answers c", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("*1\r\n$4\r\nPING\r\n        ")]
    public async Task Who_speaks_another_protocol_is_told_so_and_harms_nobody(string greeting)
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        using var peer = await RawPeer.ConnectAsync(nodes);
        await peer.SendAsync(System.Text.Encoding.ASCII.GetBytes(greeting));
        Assert.Equal(ReplicationErrorCode.Malformed, await peer.ReceiveErrorAsync());
        await AssertServesAsync(nodes);
    }

    [Fact]
    public async Task A_large_frame_before_the_proof_is_refused()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        using var peer = await RawPeer.ConnectAsync(nodes);
        var large = new byte[Frame.HeaderBytes + Frame.MaxSmallBody + 1];
        Frame.Seal(large, FrameType.Hello);
        await peer.SendAsync(large);
        Assert.Equal(ReplicationErrorCode.Malformed, await peer.ReceiveErrorAsync());
        Assert.Equal(0, nodes.SendingPool.RentedBytes);
    }

    [Fact]
    public async Task A_connection_that_says_nothing_is_closed_after_the_handshake_time()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.HandshakeTimeout = TimeSpan.FromMilliseconds(200));
        using var peer = await RawPeer.ConnectAsync(nodes);
        Assert.Equal(ReplicationErrorCode.Stalled, await peer.ReceiveErrorAsync());
        await AssertServesAsync(nodes);
    }

    [Fact]
    public async Task More_silent_connections_than_allowed_are_turned_away()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.MaxUnauthenticated = 3);
        var silent = new List<RawPeer>();
        for (var n = 0; n < 3; n++)
        {
            silent.Add(await RawPeer.ConnectAsync(nodes));
        }

        using var oneMore = await RawPeer.ConnectAsync(nodes);
        Assert.Equal(ReplicationErrorCode.Busy, await oneMore.ReceiveErrorAsync());
        silent.ForEach(peer => peer.Dispose());

        // Until the listener has noticed that they are gone, they count.
        await StreamProviderTests.NoConnectionsAsync(nodes);
        await AssertServesAsync(nodes);
    }

    [Fact]
    public async Task An_acknowledgement_of_what_was_never_sent_is_refused()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 1_000);
        using var peer = await RawPeer.ConnectAsync(nodes);
        await peer.SubscribeAsync(nodes.OfferSnapshot(1, 5_000_000).Lease.Id);
        var buffer = new byte[64];
        await peer.SendAsync(buffer.AsMemory(0, FrameWriter.Ack(buffer, new AckBody(1L << 40, 0))));
        await StreamProviderTests.NoConnectionsAsync(nodes);
        await AssertServesAsync(nodes);
    }

    [Fact]
    public async Task The_same_stream_opened_anew_by_the_same_replica_closes_the_first()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 100_000);
        var snapshot = nodes.OfferSnapshot(1, 5_000_000);
        var (first, second) = (Nobody(), Nobody());
        await nodes.SnapshotStream(snapshot).SubscribeAsync(first);
        var handle = await nodes.SnapshotStream(snapshot).SubscribeAsync(second);
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => first.Ended);
        Assert.True(error.Failure is ReplicationFailure.Superseded or ReplicationFailure.Closed, error.Message);

        // Never two at once.
        Assert.Single(nodes.Flows.Flows);
        Assert.False(second.HasEnded);
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task A_file_that_is_shorter_than_its_manifest_says_ends_the_stream_with_the_typed_error()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 5_000_000);
        using (var file = File.OpenHandle(snapshot.PathOf(0), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 4_000_000);
        }

        var observer = Nobody();
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => observer.Ended);
        Assert.Equal(ReplicationFailure.SourceUnavailable, error.Failure);
        Assert.Contains("4000000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_position_beyond_the_snapshot_is_refused()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 10);
        Assert.Equal(ReplicationFailure.Malformed, (await FailsAsync(() => nodes.SnapshotStream(snapshot).SubscribeAsync(Nobody(), new ReplicationToken(11)))).Failure);
    }

    [Fact]
    public async Task A_listener_that_stops_says_so()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 1_000_000);
        using var offer = nodes.Sources.OfferLog(new ReplicaKey(3, "a"), new MemoryLog());
        var observer = new Observer<LogFrame>((_, _) => Task.CompletedTask);
        await nodes.LogStream().SubscribeAsync(observer, new ReplicationToken(1));
        await nodes.Listener.StopAsync(CancellationToken.None).WaitAsync(LoopbackNodes.Bound);
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => observer.Ended);
        Assert.Equal(ReplicationFailure.SourceUnavailable, error.Failure);
        Assert.Empty(nodes.Flows.Flows);
    }

    private static Observer<SnapshotChunk> Nobody() => new((_, _) => Task.CompletedTask);

    private static Task<ReplicationConnectionException> FailsAsync(Func<Task> action) => Assert.ThrowsAsync<ReplicationConnectionException>(action);

    private static async Task AssertServesAsync(LoopbackNodes nodes)
    {
        var observer = Nobody();
        await nodes.SnapshotStream(nodes.OfferSnapshot(1, 10)).SubscribeAsync(observer);
        await observer.Ended;
    }
}

/// <summary>A peer that speaks bytes.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket socket;
    private readonly FrameDecoder decoder = new(new FrameBufferPool()) { MaxBody = Frame.MaxBody };

    private RawPeer(Socket socket) => this.socket = socket;

    public static async Task<RawPeer> ConnectAsync(LoopbackNodes nodes)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(nodes.Listener.EndPoint);
        return new RawPeer(socket);
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await socket.SendAsync(bytes);

    /// <summary>Does all that a replica does up to the first data of a snapshot.</summary>
    public async Task SubscribeAsync(Guid lease)
    {
        var buffer = new byte[4096];
        var hello = new HelloBody(Handshake.MakeNonce(), "b");
        await SendAsync(buffer.AsMemory(0, FrameWriter.Hello(buffer, hello)));
        using var answer = await ReceiveAsync();
        var challenge = FrameReader.Challenge(answer.Body.Span);
        await SendAsync(buffer.AsMemory(0, FrameWriter.Proof(buffer, Handshake.SubscriberProof("", hello, challenge.Nonce, challenge.Node))));
        await SendAsync(buffer.AsMemory(0, FrameWriter.Subscribe(buffer, new SubscribeBody(ReplicationStreams.SnapshotNamespace, $"3@a/{lease:N}", 0, "3@b", "normal"))));
        using var accepted = await ReceiveAsync();
        Assert.Equal(FrameType.Accepted, accepted.Type);
    }

    public async Task<ReceivedFrame> ReceiveAsync()
    {
        while (true)
        {
            var count = await socket.ReceiveAsync(decoder.Free).AsTask().WaitAsync(LoopbackNodes.Bound);
            Assert.True(count > 0, "the listener closed the connection without a word");
            if (decoder.Advance(count) is { } frame)
            {
                return frame;
            }
        }
    }

    /// <summary>The error with which the listener ends the connection.</summary>
    public async Task<ReplicationErrorCode> ReceiveErrorAsync()
    {
        using var frame = await ReceiveAsync();
        Assert.Equal(FrameType.Error, frame.Type);
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(LoopbackNodes.Bound));
        return FrameReader.Error(frame.Body.Span).Code;
    }

    public void Dispose()
    {
        socket.Dispose();
        decoder.Dispose();
    }
}
