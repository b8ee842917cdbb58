using Sluice.Replication;

namespace Sluice.Tests.Replication;

/// <summary>A link that stops carrying anything, without closing: a proxy between the two nodes that no longer passes bytes on.</summary>
public sealed class StallTests
{
    [Fact]
    public async Task A_link_that_falls_silent_ends_the_subscription_and_the_copy_goes_on_over_another_connection()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        await using var link = new ProxyLink(nodes);
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
}
