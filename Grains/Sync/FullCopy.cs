using Microsoft.Extensions.Logging;
using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>
/// One full copy of one replica: admission, snapshot, staging, verification. It ends with a whole, checked copy in the staging directory, or with an exception that leaves
/// the live data as it was. A broken connection is replaced by another one from the last durable position, as long as the primary still holds the snapshot.
/// It runs in the turns of its SyncGrain.
/// </summary>
internal sealed partial class FullCopy(
    ReplicaKey replica,
    SyncOrder order,
    string stagingDirectory,
    IGrainFactory grains,
    IStreamProvider streams,
    SyncTracker tracker,
    Func<RetryBackoff> newBackoff,
    TimeProvider time,
    ILogger logger)
{
    // A snapshot of a few files is there at once, and a place in the queue comes when another copy ends: asking costs one small call.
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    // A node that stops does not wait for one that is down already.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly IBandwidthBrokerGrain broker = grains.GetGrain<IBandwidthBrokerGrain>(0);
    private readonly IShardGrain source = grains.GetGrain<IShardGrain>(new ReplicaKey(replica.Shard, order.Source).ToString());

    private long size = -1;

    private SnapshotStreamCopy Copy => new(replica, order, source, streams, tracker, newBackoff, time, logger);

    /// <summary>Brings the whole copy into the staging directory.</summary>
    /// <returns>What was staged.</returns>
    public async Task<SnapshotInstallation> RunAsync(CancellationToken cancellationToken)
    {
        await AdmissionAsync(cancellationToken);
        var offer = await OpenAsync(cancellationToken);
        using var stopKeepingAlive = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var keepAlive = KeepAliveAsync(offer.Lease, stopKeepingAlive.Token);
        try
        {
            var lease = await FetchManifestAsync(offer, cancellationToken);
            await using var staging = await StagingWriter.CreateAsync(
                stagingDirectory, new StagingPlan(lease.Id, order.Source, lease.Manifest, lease.Transfer), [], time, logger, cancellationToken);
            tracker.CopyBegins(lease.TransferBytes());
            tracker.Enter(SyncState.Copying, $"{lease.Transfer.Length} files from {order.Source}");
            await TransferAsync(lease, staging, cancellationToken);
            using (SluiceTelemetry.StartState(replica, SyncState.Verifying))
            {
                tracker.Enter(SyncState.Verifying, "checksums of the staged files");
                await staging.CompleteAsync(cancellationToken);
            }

            return new SnapshotInstallation(lease.Manifest, stagingDirectory);
        }
        finally
        {
            await stopKeepingAlive.CancelAsync();
            await keepAlive;
            await EndAsync(offer.Lease);
        }
    }

    private async Task AdmissionAsync(CancellationToken cancellationToken)
    {
        using var span = SluiceTelemetry.StartState(replica, SyncState.Pending);
        while (true)
        {
            var admission = await AskBrokerAsync(isUnderWay: false, cancellationToken);
            if (admission.Admitted)
            {
                return;
            }

            tracker.Enter(SyncState.Pending, $"place {admission.QueuePosition} in the queue: {admission.Reason}");
            await Task.Delay(admission.AskAfter > AskAgain ? admission.AskAfter : AskAgain, time, cancellationToken);
        }
    }

    private async Task<SyncAdmission> AskBrokerAsync(bool isUnderWay, CancellationToken cancellationToken)
    {
        try
        {
            var request = new SyncRequest(replica, order.Source, order.Class) { RemainingBytes = await SizeAsync(cancellationToken), IsUnderWay = isUnderWay };
            return await broker.Admit(request).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The broker keeps copies orderly; a copy that can go on without it does, at the floor rate (design.md, section 2).
            LogNoBroker(PeerError.Unexpected(error), replica, error.Message);
            return new SyncAdmission(true, 0, "");
        }
    }

    // What the primary's files hold is about what there will be to copy; it is asked once, for the place in the queue alone.
    private async Task<long> SizeAsync(CancellationToken cancellationToken)
    {
        if (size < 0)
        {
            try
            {
                size = (await source.GetStatus().WaitAsync(cancellationToken)).DiskBytes;
            }
            catch (ShardUnavailableException error)
            {
                LogNoSize(error, replica);
            }
        }

        return size;
    }

    private async Task<SnapshotOffer> OpenAsync(CancellationToken cancellationToken)
    {
        using var span = SluiceTelemetry.StartState(replica, SyncState.Opening);
        tracker.Enter(SyncState.Opening, $"{order.Source} makes a snapshot");
        while (true)
        {
            if (await source.OpenSnapshot(new SnapshotRequest(replica)).WaitAsync(cancellationToken) is { } offer)
            {
                return offer;
            }

            await Task.Delay(AskAgain, time, cancellationToken);
        }
    }

    private async Task<SnapshotLease> FetchManifestAsync(SnapshotOffer offer, CancellationToken cancellationToken)
    {
        tracker.Enter(SyncState.Opening, $"the manifest comes from {order.Source}");
        var manifest = new ManifestChunks(tracker);
        await Copy.RunAsync(ReplicationStreams.Manifest(new ReplicaKey(replica.Shard, order.Source), offer.Lease), offer.Lease, manifest, cancellationToken);
        var lease = ManifestEncoding.Read(manifest.Bytes, offer.Lease, offer.Duration);
        LogOpened(replica, lease.Manifest.Files.Length, lease.Manifest.TotalBytes(), lease.Manifest.Sequence);
        return lease;
    }

    private async Task TransferAsync(SnapshotLease lease, StagingWriter staging, CancellationToken cancellationToken)
    {
        using var span = SluiceTelemetry.StartState(replica, SyncState.Copying);
        span?.SetTag("sluice.copy.bytes", lease.TransferBytes());
        await Copy.RunAsync(ReplicationStreams.Snapshot(new ReplicaKey(replica.Shard, order.Source), lease.Id), lease.Id, new StagedChunks(staging, tracker), cancellationToken);
    }

    // Tells the broker and the primary that this copy is alive, however slow its link.
    private async Task KeepAliveAsync(Guid lease, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(KeepAlive, time, cancellationToken);
                await AskBrokerAsync(isUnderWay: true, cancellationToken);
                await source.RenewSnapshot(lease).WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                LogNotRenewed(PeerError.Unexpected(error), replica, error.Message);
            }
        }
    }

    private async Task EndAsync(Guid lease)
    {
        try
        {
            await source.ReleaseSnapshot(lease).WaitAsync(Farewell, time);
            await broker.Finished(replica).WaitAsync(Farewell, time);
        }
        catch (Exception error)
        {
            // Both lapse by themselves.
            LogNotReleased(PeerError.Unexpected(error), replica, error.Message);
        }
    }

    [LoggerMessage(4101, LogLevel.Warning, "Sync {Replica}: the bandwidth broker does not answer, going on without it: {Reason}")]
    private partial void LogNoBroker(Exception? unexpected, ReplicaKey replica, string reason);

    [LoggerMessage(4102, LogLevel.Information, "Sync {Replica}: snapshot of {Files} files, {Bytes} bytes, at sequence {Sequence}")]
    private partial void LogOpened(ReplicaKey replica, int files, long bytes, long sequence);

    [LoggerMessage(4104, LogLevel.Warning, "Sync {Replica}: the primary did not renew the snapshot's lease this time: {Reason}")]
    private partial void LogNotRenewed(Exception? unexpected, ReplicaKey replica, string reason);

    [LoggerMessage(4105, LogLevel.Information, "Sync {Replica}: lease and admission were not given back, they lapse by themselves: {Reason}")]
    private partial void LogNotReleased(Exception? unexpected, ReplicaKey replica, string reason);

    [LoggerMessage(4106, LogLevel.Debug, "Sync {Replica}: the primary does not tell its size yet")]
    private partial void LogNoSize(Exception error, ReplicaKey replica);
}
