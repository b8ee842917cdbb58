using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

/// <summary>A link that stops carrying anything, without closing: a proxy between the two nodes that no longer passes bytes on.</summary>
public sealed class StallTests
{
    [Fact]
    public async Task A_link_that_falls_silent_ends_the_subscription_and_the_copy_goes_on_over_another_connection()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        await using var link = new Link(nodes);
        nodes.Detour = link.EndPoint;
        var snapshot = nodes.OfferSnapshot(1, 40_000_000);
        await using var writer = await SnapshotStreamTests.CreateAsync(nodes, snapshot);
        link.StopAfter(10_000_000);
        var observer = new Observer<SnapshotChunk>((chunk, _) => writer.WriteAsync(chunk).AsTask());
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => observer.Ended);
        Assert.Equal(ReplicationFailure.Stalled, error.Failure);
        Assert.Equal(0, nodes.ReceivingPool.RentedBytes);
        await writer.RewindAsync(CancellationToken.None);
        Assert.InRange(writer.DurablePosition, 1, 10_000_000);

        // The next connection takes the place of the old one, which the source may not yet know to be dead.
        link.StopAfter(long.MaxValue);
        observer = new Observer<SnapshotChunk>((chunk, _) => writer.WriteAsync(chunk).AsTask());
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer, new ReplicationToken(writer.DurablePosition));
        await observer.Ended;
        await writer.CompleteAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_replica_that_neither_reads_nor_acknowledges_is_closed_by_the_source()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 60_000_000);
        using var peer = await RawPeer.ConnectAsync(nodes);
        await peer.SubscribeAsync(snapshot.Lease.Id);
        await StreamProviderTests.NoConnectionsAsync(nodes);
        Assert.Equal(0, nodes.SendingPool.RentedBytes);
    }

    [Fact]
    public async Task A_flow_that_is_paced_to_a_trickle_is_not_stalled()
    {
        // 16 KiB frames at 2 kB/s take eight seconds each, longer than the stall limit.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 2_000);
        var snapshot = nodes.OfferSnapshot(1, 16_384);
        var observer = new Observer<SnapshotChunk>((_, _) => Task.CompletedTask);
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended;
    }

    /// <summary>Passes bytes between node b and node a until it has passed so many towards b; then it keeps everything open and passes nothing.</summary>
    private sealed class Link : IAsyncDisposable
    {
        private readonly LoopbackNodes nodes;
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stopping = new();
        private readonly List<Socket> sockets = [];
        private readonly Task accepting;
        private long left = long.MaxValue;

        public Link(LoopbackNodes nodes)
        {
            this.nodes = nodes;
            listener.Start();
            accepting = AcceptAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

        public void StopAfter(long bytes) => Interlocked.Exchange(ref left, bytes);

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            listener.Stop();
            await accepting;
            sockets.ForEach(socket => socket.Dispose());
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var near = await listener.AcceptSocketAsync(stopping.Token);
                    var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    await far.ConnectAsync(nodes.Listener.EndPoint, stopping.Token);
                    sockets.AddRange([near, far]);
                    _ = PassAsync(near, far, counted: false);
                    _ = PassAsync(far, near, counted: true);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        private async Task PassAsync(Socket from, Socket to, bool counted)
        {
            var buffer = new byte[64 << 10];
            try
            {
                while (await from.ReceiveAsync(buffer, stopping.Token) is > 0 and var count)
                {
                    if (counted && Interlocked.Add(ref left, -count) < 0)
                    {
                        return;
                    }

                    await to.SendAsync(buffer.AsMemory(0, count), stopping.Token);
                }
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side has closed: a link does not care which.
                return;
            }
        }
    }
}
