using Microsoft.Extensions.Logging;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>Carries out the requests of a <see cref="SyncMachine"/>, and turns what comes of them, errors too, into outcomes. It belongs to its grain's turns.</summary>
internal sealed partial class SyncOperations(SyncSite site, SyncMachine machine, Action<SyncOutcome> post)
{
    /// <summary>The calls to other grains.</summary>
    public SourceCalls Calls { get; } = new(site);

    /// <summary>The staging directory.</summary>
    public CopyStaging Staging { get; } = new(site);

    /// <summary>The spool.</summary>
    public SpoolStore Spool { get; } = new(site);

    private SyncOrder Order => machine.Record.Order ?? throw new InvariantException("Nothing is requested without an order.");

    /// <summary>Carries a request out.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<SyncOutcome> CarryOutAsync(SyncOperation operation, CancellationToken cancellationToken)
    {
        try
        {
            return operation switch
            {
                Stage stage => await StageAsync(stage, cancellationToken),
                Spool spool => await SpoolAsync(spool, cancellationToken),
                Follow follow => await FollowAsync(follow, cancellationToken),
                FetchManifest fetch => await FetchAsync(fetch, cancellationToken),
                _ => await AskAsync(operation, cancellationToken),
            };
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return new Failed(operation.Attempt, KindOf(error), error.Message);
        }
    }

    /// <summary>Closes what is open; what is durable stays.</summary>
    public async Task CloseAsync()
    {
        Calls.Dispose();
        await Staging.CloseAsync();
        await Spool.CloseAsync();
    }

    private async Task<SyncOutcome> AskAsync(SyncOperation operation, CancellationToken cancellationToken)
    {
        var attempt = operation.Attempt;
        switch (operation)
        {
            case Survey:
                return await SurveyAsync(attempt, cancellationToken);
            case AskVerdict ask:
                return await Calls.AskVerdictAsync(ask, Order.Epoch, cancellationToken);
            case AskAdmission ask:
                return await Calls.AskAdmissionAsync(ask, Order, cancellationToken);
            case OpenSnapshot open:
                return await Calls.OpenSnapshotAsync(open, cancellationToken);
            case PrepareStaging prepare:
                return new Prepared(attempt, await Staging.PrepareAsync(prepare.Source, prepare.Lease, cancellationToken));
            case ChooseFiles choose:
                return await Calls.ChooseFilesAsync(choose, Staging.Plan!.Transfer, cancellationToken);
            case Verify:
                await Staging.VerifyAsync(cancellationToken);
                return new Verified(attempt);
            case Install install:
                return await InstallAsync(install);
            case ApplySpool:
                var before = await PositionAsync(cancellationToken);
                await Spool.ApplyAsync(before, Order.Epoch, cancellationToken);
                return new SpoolApplied(attempt, await PositionAsync(cancellationToken));
            default:
                throw new InvariantException($"Nobody carries out {operation.GetType().Name}.");
        }
    }

    private async Task<SyncOutcome> SurveyAsync(int attempt, CancellationToken cancellationToken)
    {
        await Staging.CloseAsync();
        var live = await PositionAsync(cancellationToken);
        var installed = InstalledManifest.Read(site.Directory.Live)?.SnapshotId ?? Guid.Empty;
        return new Surveyed(attempt, new SyncFacts(live, installed, Staging.Look(), await Spool.LookAsync(cancellationToken)));
    }

    private async Task<LogPosition> PositionAsync(CancellationToken cancellationToken)
    {
        var status = await site.Shard.GetStatus().WaitAsync(cancellationToken);
        return status.IsOpen ? status.Position : throw new ShardUnavailableException($"Replica {site.Replica} is not open.");
    }

    private async Task<SyncOutcome> FetchAsync(FetchManifest fetch, CancellationToken cancellationToken)
    {
        try
        {
            await Staging.FetchManifestAsync(fetch.Source, fetch.Lease, Order.Class, cancellationToken);
            return new Listed(fetch.Attempt);
        }
        catch (ReplicationConnectionException error) when (error.Failure == ReplicationFailure.UnknownStream && !cancellationToken.IsCancellationRequested)
        {
            // Also a source that has only just started knows no stream yet.
            return await Calls.HasSnapshotAsync(fetch.Source, fetch.Lease, cancellationToken)
                ? new Failed(fetch.Attempt, SyncFailure.Refused, error.Message)
                : new Failed(fetch.Attempt, SyncFailure.LeaseGone, $"{fetch.Source} has the snapshot no more");
        }
    }

    private async Task<SyncOutcome> StageAsync(Stage stage, CancellationToken cancellationToken)
    {
        var before = Staging.DurablePosition;
        try
        {
            await Staging.ReceiveAsync(stage.Source, stage.Lease, Order.Class, cancellationToken);
            return new Staged(stage.Attempt);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            var advanced = Staging.DurablePosition > before;
            if (error is IOException)
            {
                await Staging.CloseAsync();
            }

            return new StagingEnded(stage.Attempt, KindOf(error), error.Message, advanced);
        }
    }

    private async Task<SyncOutcome> SpoolAsync(Spool spool, CancellationToken cancellationToken)
    {
        var (end, error) = await Spool.ReceiveAsync(spool.Source, Order.Epoch, spool.After, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return new SpoolEnded(spool.Attempt, KindOf(error), error.Message, end);
    }

    private async Task<SyncOutcome> FollowAsync(Follow follow, CancellationToken cancellationToken)
    {
        var (error, advanced) = await new LogFollower(site).FollowAsync(follow.Source, Order.Epoch, follow.After, lag => TellLag(follow, lag), cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return new FollowEnded(follow.Attempt, KindOf(error), error.Message, advanced);
    }

    // A replica that is live stays so until its stream ends.
    private void TellLag(Follow follow, long lag)
    {
        if (machine.State != SyncState.Live)
        {
            post(new Followed(follow.Attempt, lag));
        }
    }

    private async Task<SyncOutcome> InstallAsync(Install install)
    {
        var plan = Staging.Plan!;
        await site.Shard.Install(new SnapshotInstallation(plan.Manifest, site.Directory.Staging) { KeepOld = install.KeepOld });
        site.Tracker.Installed();
        SluiceTelemetry.CopiesInstalled.Add(1);
        LogInstalled(site.Logger, site.Replica, plan.Manifest.TotalBytes(), plan.Manifest.Position());
        return new Installed(install.Attempt, await PositionAsync(CancellationToken.None));
    }

    private SyncFailure KindOf(Exception error)
    {
        var kind = SyncFailures.Of(error);
        if (kind == SyncFailure.Unexpected)
        {
            LogUnexpected(site.Logger, error, site.Replica);
        }

        return kind;
    }

    [LoggerMessage(4102, LogLevel.Information, "Sync {Replica}: installed {Bytes} bytes, at {Position}")]
    private static partial void LogInstalled(ILogger logger, ReplicaKey replica, long bytes, LogPosition position);

    [LoggerMessage(4103, LogLevel.Error, "Sync {Replica} has failed unexpectedly")]
    private static partial void LogUnexpected(ILogger logger, Exception error, ReplicaKey replica);
}
