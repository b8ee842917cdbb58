using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Sluice.Sync;

/// <summary>
/// What a sync asks of other grains: the shard's replicas on other nodes, and the broker. While a copy is admitted or has a lease, both hear of it every few seconds. It belongs to its grain's turns.
/// </summary>
internal sealed partial class SourceCalls(SyncSite site) : IDisposable
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    private readonly IBandwidthBrokerGrain broker = site.Grains.GetGrain<IBandwidthBrokerGrain>(0);
    private CancellationTokenSource? keepingAlive;
    private SyncOrder? admitted;
    private string admittedFrom = "";
    private (string Source, Guid Lease)? leased;

    /// <summary>Asks for a verdict.</summary>
    public async Task<SyncOutcome> AskVerdictAsync(AskVerdict ask, long epoch, CancellationToken cancellationToken)
    {
        var offer = await site.ShardAt(ask.Source).OfferLog(new LogRequest(site.Replica, ask.Position, epoch)).WaitAsync(cancellationToken);
        return new Judged(ask.Attempt, offer.Verdict, offer.Epoch, offer.Reason);
    }

    /// <summary>Asks for admission.</summary>
    public async Task<SyncOutcome> AskAdmissionAsync(AskAdmission ask, SyncOrder order, CancellationToken cancellationToken)
    {
        try
        {
            var admission = await AskBrokerAsync(ask.Source, order, isUnderWay: false, cancellationToken);
            if (!admission.Admitted)
            {
                return new Queued(ask.Attempt, $"place {admission.QueuePosition} in the queue: {admission.Reason}", admission.AskAfter);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The broker keeps copies orderly; a copy that can go on without it does, at the floor rate.
            LogNoBroker(site.Logger, site.Replica, error.Message);
        }

        (admitted, admittedFrom) = (order, ask.Source);
        KeepAliveFromNowOn();
        return new Admitted(ask.Attempt);
    }

    /// <summary>Asks for a snapshot.</summary>
    public async Task<SyncOutcome> OpenSnapshotAsync(OpenSnapshot open, CancellationToken cancellationToken)
    {
        if (await site.ShardAt(open.Source).OpenSnapshot(new SnapshotRequest(site.Replica)).WaitAsync(cancellationToken) is not { } offer)
        {
            return new NotYet(open.Attempt, "");
        }

        Lease(open.Source, offer.Lease);
        return new Opened(open.Attempt, offer.Lease, offer.Position);
    }

    /// <summary>Says which files are wanted.</summary>
    public async Task<SyncOutcome> ChooseFilesAsync(ChooseFiles choose, ImmutableArray<int> transfer, CancellationToken cancellationToken)
    {
        var isHeld = await site.ShardAt(choose.Source).ChooseFiles(choose.Lease, transfer).WaitAsync(cancellationToken);
        if (isHeld)
        {
            Lease(choose.Source, choose.Lease);
        }

        return new Chosen(choose.Attempt, isHeld);
    }

    /// <summary>Whether a source still has a leased snapshot; true when it cannot say.</summary>
    public async Task<bool> HasSnapshotAsync(string source, Guid lease, CancellationToken cancellationToken)
    {
        try
        {
            return await site.ShardAt(source).RenewSnapshot(lease).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogNotRenewed(site.Logger, site.Replica, error.Message);
            return true;
        }
    }

    /// <summary>Gives a lease back; nobody waits for it.</summary>
    public void Release(string source, Guid lease)
    {
        if (leased?.Lease == lease)
        {
            leased = null;
        }

        _ = GiveBackAsync(() => site.ShardAt(source).ReleaseSnapshot(lease));
    }

    /// <summary>Tells the broker that the copy is over; nobody waits for it.</summary>
    public void LeaveQueue()
    {
        admitted = null;
        _ = GiveBackAsync(() => broker.Finished(site.Replica));
    }

    /// <summary>Nobody hears of the copy any more; lease and admission are kept as long as they last.</summary>
    public void Dispose()
    {
        keepingAlive?.Cancel();
        keepingAlive?.Dispose();
        keepingAlive = null;
    }

    private void Lease(string source, Guid lease)
    {
        leased = (source, lease);
        KeepAliveFromNowOn();
    }

    private async Task GiveBackAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception error)
        {
            // Both lapse by themselves.
            LogNotReleased(site.Logger, site.Replica, error.Message);
        }
    }

    private void KeepAliveFromNowOn()
    {
        if (keepingAlive is null)
        {
            keepingAlive = new CancellationTokenSource();
            _ = KeepAliveAsync(keepingAlive);
        }
    }

    private async Task KeepAliveAsync(CancellationTokenSource mine)
    {
        var cancellationToken = mine.Token;
        while (await WaitAsync(cancellationToken) && (admitted is not null || leased is not null))
        {
            try
            {
                if (admitted is { } order)
                {
                    await AskBrokerAsync(admittedFrom, order, isUnderWay: true, cancellationToken);
                }

                if (leased is var (source, lease))
                {
                    await site.ShardAt(source).RenewSnapshot(lease).WaitAsync(cancellationToken);
                }
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                LogNotRenewed(site.Logger, site.Replica, error.Message);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        if (ReferenceEquals(keepingAlive, mine))
        {
            keepingAlive = null;
            mine.Dispose();
        }
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(KeepAlive, site.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return !cancellationToken.IsCancellationRequested;
    }

    private async Task<SyncAdmission> AskBrokerAsync(string source, SyncOrder order, bool isUnderWay, CancellationToken cancellationToken)
    {
        var remaining = site.Tracker.RemainingBytes ?? await SizeAsync(source, cancellationToken);
        return await broker.Admit(new SyncRequest(site.Replica, source, order.Class) { RemainingBytes = remaining, IsUnderWay = isUnderWay }).WaitAsync(cancellationToken);
    }

    // What the source's files hold is about what there will be to copy; for the place in the queue alone.
    private async Task<long> SizeAsync(string source, CancellationToken cancellationToken)
    {
        try
        {
            return (await site.ShardAt(source).GetStatus().WaitAsync(cancellationToken)).DiskBytes;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogNoSize(site.Logger, site.Replica, error.Message);
            return -1;
        }
    }

    [LoggerMessage(4101, LogLevel.Warning, "Sync {Replica}: the bandwidth broker does not answer, going on without it: {Reason}")]
    private static partial void LogNoBroker(ILogger logger, ReplicaKey replica, string reason);

    [LoggerMessage(4104, LogLevel.Debug, "Sync {Replica}: lease and admission were not renewed this time: {Reason}")]
    private static partial void LogNotRenewed(ILogger logger, ReplicaKey replica, string reason);

    [LoggerMessage(4105, LogLevel.Information, "Sync {Replica}: lease or admission was not given back, it lapses by itself: {Reason}")]
    private static partial void LogNotReleased(ILogger logger, ReplicaKey replica, string reason);

    [LoggerMessage(4106, LogLevel.Debug, "Sync {Replica}: the source does not tell its size yet: {Reason}")]
    private static partial void LogNoSize(ILogger logger, ReplicaKey replica, string reason);
}
