using System.Collections.Immutable;
using Sluice.Replication;
using Sluice.Storage.Snapshots;

namespace Sluice.Sync;

/// <summary>The staging directory of one replica, and the streams that fill it: carries out what a copy wants of them. It belongs to its grain's turns.</summary>
internal sealed class CopyStaging(SyncSite site)
{
    private Guid listedLease;
    private ManifestChunks listed = new();
    private SnapshotManifest? manifest;
    private StagingWriter? writer;

    private string Directory => site.Directory.Staging;

    /// <summary>What is copied; null when nothing is, as far as this process knows.</summary>
    public StagingPlan? Plan { get; private set; }

    /// <summary>What the journal tells; null when there is none that can be gone on with.</summary>
    /// <exception cref="StagingJournalException">A newer program wrote it.</exception>
    public StagedFacts? Look()
    {
        try
        {
            return StagingJournal.Load(Directory) is { } state ? Facts(state.Plan, state.Position == state.Layout().TotalBytes) : null;
        }
        catch (StagingJournalException error) when (!error.IsNewer)
        {
            // The next copy begins anew; what is whole in the directory cannot be told without the journal.
            return null;
        }
    }

    /// <summary>Fetches a manifest, from where an earlier connection ended.</summary>
    public async Task FetchManifestAsync(string source, Guid lease, string qosClass, CancellationToken cancellationToken)
    {
        if (listedLease != lease)
        {
            (listedLease, listed, manifest) = (lease, new ManifestChunks(), null);
        }

        var stream = site.Streams.GetStream<SnapshotChunk>(ReplicationStreams.Manifest(site.At(source), lease));
        await StreamRun<SnapshotChunk>.RunAsync(
            stream,
            listed.Position,
            new SubscriptionDetails(site.Replica, qosClass),
            (chunk, _) =>
            {
                listed.Add(chunk);
                site.Tracker.Arrived();
                return Task.CompletedTask;
            },
            cancellationToken);
        manifest = ManifestEncoding.Read(listed.Bytes, lease, TimeSpan.Zero).Manifest;
    }

    /// <summary>Makes the directory ready for a lease's snapshot.</summary>
    public async Task<StagedFacts> PrepareAsync(string source, Guid lease, CancellationToken cancellationToken)
    {
        if (writer is not null && Plan?.Lease != lease)
        {
            await CloseAsync();
        }

        try
        {
            writer = writer is { } open ? await RewindAsync(open, cancellationToken) : await OpenAsync(source, lease, cancellationToken);
        }
        catch (Exception error) when (error is not StagingSpaceException)
        {
            // A writer whose disk has failed knows no more what is there: the next attempt reads it back.
            await CloseAsync();
            throw;
        }

        Plan = writer.Plan;
        var total = Plan.Manifest.TotalBytes();
        site.Tracker.CopyIs(writer.TotalBytes, writer.DurablePosition, total - writer.TotalBytes);
        return Facts(Plan, writer.DurablePosition == writer.TotalBytes);
    }

    /// <summary>Receives files until all are here and durable.</summary>
    public async Task ReceiveAsync(string source, Guid lease, string qosClass, CancellationToken cancellationToken)
    {
        var target = writer ?? throw new InvariantException("Files are received into a directory that was prepared.");
        var stream = site.Streams.GetStream<SnapshotChunk>(ReplicationStreams.Snapshot(site.At(source), lease));
        var (told, acknowledged) = (target.DurablePosition, 0L);
        try
        {
            await StreamRun<SnapshotChunk>.RunAsync(
                stream,
                target.DurablePosition,
                new SubscriptionDetails(site.Replica, qosClass),
                async (chunk, handle) =>
                {
                    await target.WriteAsync(chunk);
                    site.Tracker.Received(target.ReceivedPosition, chunk.Data.Length, handle.WireBytesReceived);
                    SluiceTelemetry.CopyReceived.Add(chunk.Data.Length);
                    if (target.DurablePosition is var durable && durable > told)
                    {
                        told = durable;
                        site.Tracker.Durable(durable);
                    }

                    if (told > acknowledged)
                    {
                        acknowledged = told;
                        await handle.AcknowledgeAsync(told);
                    }
                },
                cancellationToken);
        }
        finally
        {
            site.Tracker.ConnectionEnded();
        }

        await target.RewindAsync(cancellationToken);
        site.Tracker.Durable(target.DurablePosition);
        if (target.DurablePosition != target.TotalBytes)
        {
            throw new ReplicationConnectionException(ReplicationFailure.Closed, $"{source} ended the stream at byte {target.DurablePosition} of {target.TotalBytes}.");
        }
    }

    /// <summary>Payload that is durable; 0 when nothing is being received.</summary>
    public long DurablePosition => writer?.DurablePosition ?? 0;

    /// <summary>Checks what is staged, and closes it.</summary>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        var whole = writer ?? throw new InvariantException("What is verified was staged before.");
        try
        {
            await whole.CompleteAsync(cancellationToken);
        }
        finally
        {
            // If it is not what it should be, the next attempt reads all of it back.
            await CloseAsync();
        }

        await Task.Run(() => StagedCopy.Verify(site.Engine, Directory, Plan!.Manifest, checksums: false, cancellationToken), cancellationToken);
    }

    /// <summary>Closes the directory and keeps it.</summary>
    public async Task CloseAsync()
    {
        if (writer is { } open)
        {
            writer = null;
            await open.DisposeAsync();
        }
    }

    /// <summary>Deletes the directory.</summary>
    public async Task DiscardAsync()
    {
        await CloseAsync();
        (Plan, manifest, listedLease) = (null, null, Guid.Empty);
        if (System.IO.Directory.Exists(Directory))
        {
            await Task.Run(() => System.IO.Directory.Delete(Directory, recursive: true));
        }
    }

    private static StagedFacts Facts(StagingPlan plan, bool isWhole) => new(plan.Source, plan.Lease, plan.Manifest.SnapshotId, plan.Manifest.Position(), isWhole);

    private static async Task<StagingWriter> RewindAsync(StagingWriter open, CancellationToken cancellationToken)
    {
        await open.RewindAsync(cancellationToken);
        return open;
    }

    private async Task<StagingWriter> OpenAsync(string source, Guid lease, CancellationToken cancellationToken)
    {
        if (Look()?.Lease == lease && await StagingWriter.ResumeAsync(Directory, read: null, site.Time, site.Logger, cancellationToken) is { } resumed)
        {
            return resumed;
        }

        if (manifest is null || listedLease != lease)
        {
            throw new InvalidManifestException($"The staging directory tells nothing of the copy from {source} that was begun: it begins anew.");
        }

        var held = await HeldFiles.FindAsync(Directory, site.Directory.Live, manifest, read: null, site.Logger, cancellationToken);
        return await StagingWriter.CreateAsync(Directory, new StagingPlan(lease, source, manifest, HeldFiles.Rest(manifest, held)), held, site.Time, site.Logger, cancellationToken);
    }
}
