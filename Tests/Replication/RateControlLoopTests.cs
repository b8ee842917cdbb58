using System.Net;
using System.Net.Sockets;
using Sluice.Bandwidth;
using Sluice.Replication;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Replication;

public sealed class RateControlLoopTests
{
    [Fact]
    public async Task The_flow_of_a_copy_tells_what_its_path_is_like()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await nodes.SnapshotStream(nodes.OfferZeros(1L << 40)).SubscribeAsync(new Observer<SnapshotChunk>((_, _) => Task.CompletedTask));
        var flow = Assert.Single(nodes.Flows.Flows);
        flow.Allow(new FlowAllowance(0, 20_000_000, 65536));

        await Eventually.IsTrueAsync("a sample of a path under way", LoopbackNodes.Bound, () => Task.FromResult(flow.Path is { DeliveryBytesPerSecond: > 1_000_000 }));
        Assert.InRange(flow.Path.SmoothedRtt, TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(10));
        Assert.InRange(flow.Path.BaseRtt, TimeSpan.FromMicroseconds(1), flow.Path.SmoothedRtt);
        Assert.InRange(flow.TakePeakDelivery(), 1_000_000, 1_000_000_000);
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task TCP_INFO_is_read_from_the_right_places()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using var sending = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sending.ConnectAsync(listening.LocalEndPoint!);
        using var receiving = await listening.AcceptAsync();
        var bytes = new byte[100_000];
        await sending.SendAsync(bytes);
        for (var received = 0; received < bytes.Length;)
        {
            received += await receiving.ReceiveAsync(bytes.AsMemory(received));
        }

        await Eventually.IsTrueAsync(
            "all bytes acknowledged", LoopbackNodes.Bound, () => Task.FromResult(ReplicationSocket.Figures(sending) is { IsKnown: false } or { AckedBytes: 100_000 or 100_001 }));
        var figures = ReplicationSocket.Figures(sending);
        if (figures.IsKnown)
        {
            Assert.Equal(100_000, figures.SentBytes - figures.RetransmittedBytes);
            Assert.Equal(0, figures.NotSentBytes);
            Assert.InRange(figures.SegmentBytes, 500, 65536);
            Assert.InRange(figures.MinRoundTripTime, TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(10));
            Assert.InRange(figures.DeliveryBytesPerSecond, 1, long.MaxValue);
            Assert.InRange(figures.ReceiverLimited, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        }
    }
}
