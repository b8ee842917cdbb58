using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class SnapshotStreamTests
{
    [Fact]
    public async Task A_snapshot_arrives_whole_through_sockets_and_staging()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(1, 5_000_000, 0, 17, 1 << 20, (1 << 20) + 1, 0);
        await using var writer = await CreateAsync(nodes, snapshot);
        var observer = new Observer<SnapshotChunk>(async (chunk, token) =>
        {
            Assert.Equal(writer.ReceivedPosition, token.SequenceNumber);
            await writer.WriteAsync(chunk);
        });
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await nodes.SnapshotStream(snapshot).SubscribeAsync(observer, new ReplicationToken(0), "3@b urgent");
        writer.DurableAdvanced += position => _ = handle.AcknowledgeAsync(position);
        await observer.Ended;
        await writer.CompleteAsync(CancellationToken.None);
        AssertSameFiles(nodes, snapshot);
        Assert.Equal(snapshot.Lease.TransferBytes(), writer.DurablePosition);
        Assert.Equal(snapshot.Lease.TransferBytes(), handle.PayloadBytesReceived);

        // no-waste: what is on the wire is the payload and a header a frame.
        Assert.InRange(handle.WireBytesReceived, handle.PayloadBytesReceived, handle.PayloadBytesReceived + 1000);
        Assert.Equal(5, handle.SourceEpoch);
        Assert.Equal(0, nodes.ReceivingPool.RentedBytes);
    }

    [Fact]
    public async Task A_copy_goes_on_at_its_durable_position_on_the_same_lease()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(2, 3_000_000, 10, 3_000_000, 3_000_000);
        await using var writer = await CreateAsync(nodes, snapshot);
        var sent = 0L;
        for (var connections = 1; ; connections++)
        {
            var stopAfter = writer.DurablePosition + 2_500_000;
            var enough = new TaskCompletionSource();
            var unsubscribed = new TaskCompletionSource();
            var observer = new Observer<SnapshotChunk>(async (chunk, _) =>
            {
                await writer.WriteAsync(chunk);
                sent += chunk.Data.Length;
                if (writer.ReceivedPosition >= stopAfter)
                {
                    enough.TrySetResult();
                    await unsubscribed.Task;
                }
            });
            var handle = await nodes.SnapshotStream(snapshot).SubscribeAsync(observer, new ReplicationToken(writer.DurablePosition));
            if (await Task.WhenAny(observer.Ended, enough.Task) != enough.Task)
            {
                await observer.Ended;
                Assert.True(connections > 2, $"{connections} connections");
                break;
            }

            await handle.UnsubscribeAsync();
            unsubscribed.SetResult();
            await writer.RewindAsync(CancellationToken.None);
            Assert.Equal(writer.ReceivedPosition, writer.DurablePosition);
        }

        await writer.CompleteAsync(CancellationToken.None);
        AssertSameFiles(nodes, snapshot);

        // no-waste: nothing was handed over twice.
        Assert.Equal(snapshot.Lease.TransferBytes(), sent);
    }

    [Fact]
    public async Task Only_the_files_of_the_transfer_are_sent_in_its_order()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(3, 100, 200, 300, 400);
        snapshot.Lease = snapshot.Lease with { Transfer = [3, 1] };
        var chunks = new List<(int File, long Offset, int Length, long Position)>();
        var observer = new Observer<SnapshotChunk>((chunk, token) =>
        {
            chunks.Add((chunk.FileIndex, chunk.FileOffset, chunk.Data.Length, token.SequenceNumber));
            return Task.CompletedTask;
        });
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer, new ReplicationToken(150));
        await observer.Ended;
        Assert.Equal([(3, 150, 250, 150), (1, 0, 200, 400)], chunks);
    }

    [Fact]
    public async Task Every_chunk_tells_its_own_checksum()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(4, 3_000_000);
        var observer = new Observer<SnapshotChunk>((chunk, _) =>
        {
            Assert.Equal(Crc32C.Compute(chunk.Data.Span), chunk.Crc32C);
            return Task.CompletedTask;
        });
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended;
    }

    [Fact]
    public async Task The_memory_of_a_flow_is_bounded_while_its_observer_stands_still()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(5, 48 << 20);
        var release = new TaskCompletionSource();
        var peak = 0L;
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            await release.Task;
            peak = Math.Max(peak, nodes.ReceivingPool.RentedBytes + nodes.SendingPool.RentedBytes);
        });
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);

        // The sender stops at the window, or before it when the kernel's buffers are full.
        var flow = Assert.Single(nodes.Flows.Flows);
        var before = -1L;
        while (flow.SentBytes != before)
        {
            before = flow.SentBytes;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        Assert.InRange(before, 1, nodes.Sending.WindowBytes + 2 * Frame.MaxBody);
        release.SetResult();
        await observer.Ended;
        Assert.InRange(peak, 1, 7 * FrameBufferPool.Sizes[^1]);
        Assert.Equal(48 << 20, handle.PayloadBytesReceived);
    }

    [Fact]
    public async Task A_silent_observer_does_not_stall_the_connection_and_hears_all_in_the_end()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(6, 3 << 20);
        var first = true;
        var observer = new Observer<SnapshotChunk>(async (_, _) =>
        {
            if (first)
            {
                first = false;

                // Longer than the stall limit of five seconds.
                await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System);
            }
        });
        await nodes.SnapshotStream(snapshot).SubscribeAsync(observer);
        await observer.Ended;
    }

    internal static Task<StagingWriter> CreateAsync(LoopbackNodes nodes, FileSnapshot snapshot) =>
        StagingWriter.CreateAsync(
            nodes.PathOf("staging"), new StagingPlan(snapshot.Lease.Id, "a", snapshot.Lease.Manifest, snapshot.Lease.Transfer), [], TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private static void AssertSameFiles(LoopbackNodes nodes, FileSnapshot snapshot)
    {
        foreach (var index in snapshot.Lease.Transfer)
        {
            Assert.Equal(File.ReadAllBytes(snapshot.PathOf(index)), File.ReadAllBytes(Path.Combine(nodes.PathOf("staging"), snapshot.Lease.Manifest.Files[index].Name)));
        }
    }
}
