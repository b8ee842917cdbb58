using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;
using Sluice.Storage.Snapshots;
using Sluice.Sync;
using Sluice.Tests.Replication;

namespace Sluice.Tests.Sync;

/// <summary>A copy's manifest and files over real sockets, cut and slow (pika #2950: PullRemoteMeta timed out on a slow link, and the sync never began).</summary>
public sealed class CopyStagingTests
{
    private static readonly ReplicaKey Replica = new(3, "b");

    [Fact(Skip = "The connection stalls now and then behind the rate-limited proxy; whether the proxy or the sender stops is not found yet.")]
    public async Task A_manifest_of_thousands_of_files_comes_over_a_link_of_16_KiB_a_second_without_any_timeout()
    {
        // 7,000 files take about 190 kB: twelve seconds, with a timeout of one.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Receiving.RsyncTimeout = nodes.Sending.RsyncTimeout = () => TimeSpan.FromSeconds(1));
        await using var link = new ProxyLink(nodes) { BytesPerSecond = 16 << 10 };
        var snapshot = nodes.OfferSnapshot(1, 0);
        snapshot.Lease = ManifestEncodingTests.Lease(1, 7_000) with { Id = snapshot.Lease.Id };
        var staging = Staging(nodes);

        await staging.FetchManifestAsync("a", snapshot.Lease.Id, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);

        Assert.Equal(1, link.Connections);
    }

    [Fact]
    public async Task A_manifest_whose_connection_breaks_goes_on_where_it_was()
    {
        // Frames of 16 KiB: at most one of them, and what the link has in hand, is lost with the connection.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 500_000);
        await using var link = new ProxyLink(nodes) { BytesPerSecond = 160_000, BreakAfter = 100_000 };
        var snapshot = nodes.OfferSnapshot(1, 0);
        snapshot.Lease = ManifestEncodingTests.Lease(2, 7_000) with { Id = snapshot.Lease.Id };
        var length = ManifestEncoding.Write(snapshot.Lease).Length;
        var staging = Staging(nodes);

        var error = await Assert.ThrowsAsync<ReplicationConnectionException>(() => staging.FetchManifestAsync("a", snapshot.Lease.Id, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound));
        await staging.FetchManifestAsync("a", snapshot.Lease.Id, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);

        Assert.Equal(SyncFailure.Unreachable, SyncFailures.Of(error));
        Assert.Equal(2, link.Connections);
        Assert.InRange(link.PassedBytes, length, length + 50_000);
    }

    [Fact]
    public void A_manifest_that_grows_without_end_is_refused()
    {
        var manifest = new ManifestChunks();
        manifest.Add(new SnapshotChunk(0, 0, new byte[10]));

        Assert.Throws<InvalidManifestException>(() => manifest.Add(new SnapshotChunk(0, 11, new byte[10])));
        Assert.Throws<InvalidManifestException>(() => manifest.Add(new SnapshotChunk(0, 10, new byte[ManifestEncoding.MaxBytes])));
        Assert.Throws<InvalidManifestException>(() => manifest.Add(new SnapshotChunk(1, 10, new byte[10])));
    }

    [Fact(Skip = "The connection stalls now and then behind the rate-limited proxy; whether the proxy or the sender stops is not found yet.")]
    public async Task Files_whose_connection_breaks_go_on_at_the_durable_byte_also_in_another_process()
    {
        const int size = 24 << 20;
        // A connection that is slow on a busy machine must not end before it breaks.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Receiving.RsyncTimeout = nodes.Sending.RsyncTimeout = () => TimeSpan.FromMinutes(1));
        var snapshot = nodes.OfferSnapshot(3, size, 0, 1000);
        var (source, lease) = ("a", snapshot.Lease.Id);
        var staging = Staging(nodes);
        await staging.FetchManifestAsync(source, lease, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);
        long passed;
        await using (var link = new ProxyLink(nodes) { BytesPerSecond = 12 << 20, BreakAfter = size / 2 })
        {
            await staging.PrepareAsync(source, lease, CancellationToken.None);
            await Assert.ThrowsAsync<ReplicationConnectionException>(() => staging.ReceiveAsync(source, lease, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound));
            passed = link.PassedBytes;
        }

        // What arrived is made durable; then the directory is closed, as if the process had ended, and another one goes on with what the journal tells.
        nodes.Detour = null;
        Assert.False((await staging.PrepareAsync(source, lease, CancellationToken.None)).IsWhole);
        await staging.CloseAsync();
        var other = Staging(nodes);
        Assert.Equal(lease, other.Look()?.Lease);
        Assert.False((await other.PrepareAsync(source, lease, CancellationToken.None)).IsWhole);

        // At most the frame that was under way is lost, and what the link had in hand.
        Assert.InRange(other.DurablePosition, passed - 2 * Frame.MaxPayload, passed);
        await other.ReceiveAsync(source, lease, QosClass.Normal, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);
        Assert.True((await other.PrepareAsync(source, lease, CancellationToken.None)).IsWhole);
        await other.DiscardAsync();
        Assert.Null(other.Look());
    }

    [Fact]
    public async Task A_thousand_connections_that_end_leave_nothing_behind()
    {
        await using var nodes = await LoopbackNodes.StartAsync();
        var snapshot = nodes.OfferSnapshot(4, 100_000);
        var stream = nodes.SnapshotStream(snapshot);
        await ConnectAsync(times: 100);
        var (files, memory) = (OpenFiles(), GC.GetTotalMemory(forceFullCollection: true));

        await ConnectAsync(times: 1000);

        await Tests.Cluster.Eventually.IsTrueAsync("as many open files as before", LoopbackNodes.Bound, () => Task.FromResult(OpenFiles() <= files + 20));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, memory + (16 << 20));

        async Task ConnectAsync(int times)
        {
            for (var n = 0; n < times; n++)
            {
                using var stop = new CancellationTokenSource();
                await Assert.ThrowsAnyAsync<Exception>(() => StreamRun<SnapshotChunk>.RunAsync(
                    stream,
                    0,
                    new SubscriptionDetails(Replica, QosClass.Normal),
                    (_, _) => n % 2 == 0 ? throw new IOException("the observer fails") : stop.CancelAsync(),
                    stop.Token)).WaitAsync(LoopbackNodes.Bound);
            }
        }
    }

    private static int OpenFiles() => OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;

    // It calls no grain, and opens no database.
    private static CopyStaging Staging(LoopbackNodes nodes) => new(new SyncSite(
        Replica, null!, nodes.Provider, new PartitionDirectory(nodes.PathOf("replica")), null!, new SyncTracker(Replica, TimeProvider.System), TimeProvider.System, NullLogger.Instance));
}
