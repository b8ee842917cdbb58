using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;
using Sluice.Sync;
using Sluice.Tests.Replication;

namespace Sluice.Tests.Sync;

/// <summary>The manifest comes over the data plane (pika #2950: PullRemoteMeta timed out on a slow link, and the sync never began).</summary>
public sealed class ManifestCopyTests
{
    private static readonly ReplicaKey Replica = new(3, "b");

    [Fact]
    public async Task A_manifest_of_thousands_of_files_comes_over_a_link_of_16_KiB_a_second_without_any_timeout()
    {
        // 7,000 files take about 190 kB: twelve seconds, with a timeout of one.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Receiving.RsyncTimeout = nodes.Sending.RsyncTimeout = () => TimeSpan.FromSeconds(1));
        await using var link = new ProxyLink(nodes) { BytesPerSecond = 16 << 10 };
        var snapshot = nodes.OfferSnapshot(1, 0);
        snapshot.Lease = ManifestEncodingTests.Lease(1, 7_000) with { Id = snapshot.Lease.Id };
        var tracker = new SyncTracker(Replica, TimeProvider.System);
        var target = new ManifestChunks(tracker);

        await Copy(nodes, tracker).RunAsync(ReplicationStreams.Manifest(new ReplicaKey(3, "a"), snapshot.Lease.Id), snapshot.Lease.Id, target, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);

        Assert.Equal(snapshot.Lease.Manifest.Files.AsEnumerable(), ManifestEncoding.Read(target.Bytes, snapshot.Lease.Id, TimeSpan.Zero).Manifest.Files);
        Assert.Equal(1, link.Connections);
        Assert.Equal("", tracker.Tell(null).LastError);
    }

    [Fact]
    public async Task A_manifest_whose_connection_breaks_goes_on_where_it_was()
    {
        // Frames of 16 KiB: at most one of them, and what the link has in hand, is lost with the connection.
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 500_000);
        await using var link = new ProxyLink(nodes) { BytesPerSecond = 160_000, BreakAfter = 100_000 };
        var snapshot = nodes.OfferSnapshot(1, 0);
        snapshot.Lease = ManifestEncodingTests.Lease(2, 7_000) with { Id = snapshot.Lease.Id };
        var tracker = new SyncTracker(Replica, TimeProvider.System);
        var target = new ManifestChunks(tracker);

        await Copy(nodes, tracker).RunAsync(ReplicationStreams.Manifest(new ReplicaKey(3, "a"), snapshot.Lease.Id), snapshot.Lease.Id, target, CancellationToken.None).WaitAsync(LoopbackNodes.Bound);

        Assert.Equal(snapshot.Lease.Transfer.AsEnumerable(), ManifestEncoding.Read(target.Bytes, snapshot.Lease.Id, TimeSpan.Zero).Transfer);
        Assert.Equal(2, link.Connections);
        Assert.InRange(link.PassedBytes, target.Bytes.Length, target.Bytes.Length + 50_000);
    }

    [Fact]
    public async Task A_manifest_that_grows_without_end_is_refused()
    {
        var tracker = new SyncTracker(Replica, TimeProvider.System);
        var target = new ManifestChunks(tracker);
        await target.WriteAsync(new SnapshotChunk(0, 0, new byte[10]), 0);

        await Assert.ThrowsAsync<InvalidManifestException>(() => target.WriteAsync(new SnapshotChunk(0, 11, new byte[10]), 0).AsTask());
        await Assert.ThrowsAsync<InvalidManifestException>(() => target.WriteAsync(new SnapshotChunk(0, 10, new byte[ManifestEncoding.MaxBytes]), 0).AsTask());
        await Assert.ThrowsAsync<InvalidManifestException>(() => target.WriteAsync(new SnapshotChunk(1, 10, new byte[10]), 0).AsTask());
    }

    private static SnapshotStreamCopy Copy(LoopbackNodes nodes, SyncTracker tracker)
    {
        var order = new SyncOrder("a", 5, QosClass.Normal, Force: false);
        return new SnapshotStreamCopy(Replica, order, new RenewingShard(), nodes.Provider, tracker, () => new RetryBackoff(new Random(1), TimeSpan.FromMilliseconds(10)), TimeProvider.System, NullLogger.Instance);
    }

    /// <summary>A primary that still holds the snapshot.</summary>
    private sealed class RenewingShard : IShardGrain
    {
        public Task<bool> RenewSnapshot(Guid lease) => Task.FromResult(true);

        public ValueTask<ReplyBatch> Execute(CommandBatch batch) => throw new NotSupportedException();

        public Task<ShardStatus> GetStatus() => throw new NotSupportedException();

        public Task<int> WaitForReplicas(long sequence, int replicas, TimeSpan timeout) => throw new NotSupportedException();

        public Task WaitForSequence(long sequence, TimeSpan timeout) => throw new NotSupportedException();

        public Task<long> PauseWrites(long epoch, TimeSpan duration) => throw new NotSupportedException();

        public Task Assign(ShardAssignment next) => throw new NotSupportedException();

        public Task<LogOffer> OfferLog(LogRequest request) => throw new NotSupportedException();

        public Task<SnapshotOffer?> OpenSnapshot(SnapshotRequest request) => throw new NotSupportedException();

        public Task<bool> ChooseFiles(Guid lease, ImmutableArray<int> transfer) => throw new NotSupportedException();

        public Task ReleaseSnapshot(Guid lease) => throw new NotSupportedException();

        public Task Install(SnapshotInstallation installation) => throw new NotSupportedException();

        public Task<long> Apply(LogBatch batch) => throw new NotSupportedException();

        public Task<ShardDigest> ComputeDigest() => throw new NotSupportedException();
    }
}
