using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Sluice.Sync;

/// <summary>
/// The shell of a <see cref="SyncMachine"/>: takes inputs one after the other, and carries out what the machine answers. What has an answer runs in the background, one request for each of the machine's lines
/// (<see cref="SyncRunner"/>); everything else is done before the next input is taken. It runs in its grain's turns from <see cref="Start"/> on.
/// </summary>
internal sealed partial class SyncShell : IAsyncDisposable
{
    // What must be done and cannot, for want of a disk that works, is tried again.
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly Channel<(SyncInput Input, TaskCompletionSource? Done)> inputs = Channel.CreateUnbounded<(SyncInput, TaskCompletionSource?)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SyncSite site;
    private readonly Func<SyncRecord, Task> persist;
    private readonly SyncMachine machine;
    private readonly SyncOperations operations;
    private readonly SyncSpans spans;
    private readonly SyncRunner main;
    private readonly SyncRunner spool;
    private readonly CancellationTokenSource stopping = new();
    private readonly ITimer alarm;
    private readonly long origin;
    private Task loop = Task.CompletedTask;
    private SyncState logged;
    private int tries = 1;
    private TimeSpan? wakeAt;
    private bool isDisposed;

    /// <summary>Begins with nothing.</summary>
    /// <param name="site">What it works with.</param>
    /// <param name="persist">Writes the record; it is durable when this ends.</param>
    /// <param name="random">A seeded source.</param>
    public SyncShell(SyncSite site, Func<SyncRecord, Task> persist, Random random)
    {
        (this.site, this.persist) = (site, persist);
        machine = new SyncMachine(random);
        operations = new SyncOperations(site, machine, Post);
        spans = new SyncSpans(site.Replica);
        (main, spool) = (new SyncRunner(Post), new SyncRunner(Post));
        origin = site.Time.GetTimestamp();
        alarm = site.Time.CreateTimer(static shell => ((SyncShell)shell!).Post(new TimePassed()), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Now => site.Time.GetElapsedTime(origin);

    /// <summary>Goes on with what was remembered.</summary>
    public void Start(SyncRecord record)
    {
        loop = RunAsync();
        Post(new Recovered(record));
    }

    /// <summary>Gives an order, and ends when what has to be done at once is done.</summary>
    /// <exception cref="OrderRefusedException">It is out of date.</exception>
    public Task TellAsync(SyncInput order)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return inputs.Writer.TryWrite((order, done)) ? done.Task : throw new ShardUnavailableException($"The sync of {site.Replica} is ending: its node stops.");
    }

    /// <summary>Ends what is under way; what is durable stays, and the lease too.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await stopping.CancelAsync();
        inputs.Writer.TryComplete();
        await loop;
        await alarm.DisposeAsync();
        await main.StopAsync();
        await spool.StopAsync();
        await operations.CloseAsync();
        spans.Dispose();
        stopping.Dispose();
    }

    private void Post(SyncInput input) => inputs.Writer.TryWrite((input, null));

    private async Task RunAsync()
    {
        while (await inputs.Reader.WaitToReadAsync())
        {
            while (inputs.Reader.TryRead(out var next))
            {
                try
                {
                    await StepAsync(next.Input);
                    next.Done?.TrySetResult();
                }
                catch (Exception error) when (error is OrderRefusedException || stopping.IsCancellationRequested)
                {
                    next.Done?.TrySetException(error);
                }
                catch (Exception error)
                {
                    // A defect. What was under way is over; the next order, or the next start, begins anew.
                    LogDefect(site.Logger, error, site.Replica);
                    next.Done?.TrySetException(error);
                }
            }
        }
    }

    private async Task StepAsync(SyncInput input)
    {
        if (input is TimePassed && Now < wakeAt)
        {
            // A timer counts in milliseconds, and may ring a fraction of one too early.
            SetAlarm();
            return;
        }

        foreach (var action in machine.Step(input, Now))
        {
            switch (action)
            {
                case Refuse refuse:
                    throw new OrderRefusedException($"Replica {site.Replica}: {refuse.Reason}");
                case Tell tell:
                    Told(tell);
                    break;
                case Wait wait:
                    wakeAt = wait.Until;
                    SetAlarm();
                    break;
                case SyncOperation operation:
                    Activity.Current = spans.Current;
                    (operation.IsOfSpool ? spool : main).Begin(cancel => operations.CarryOutAsync(operation, cancel));
                    break;
                default:
                    await UntilDoneAsync(action);
                    break;
            }
        }
    }

    private void SetAlarm()
    {
        var rest = wakeAt - Now;
        alarm.Change(rest is null ? Timeout.InfiniteTimeSpan : rest > TimeSpan.Zero ? rest.Value : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private async Task UntilDoneAsync(SyncAction action)
    {
        while (true)
        {
            try
            {
                await DoAsync(action);
                return;
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                LogNotDone(site.Logger, error, site.Replica, action.GetType().Name);
                site.Tracker.Enter(site.Tracker.State, $"this node's disk refuses, trying again: {error.Message}");
                await Task.Delay(TryAgain, site.Time, stopping.Token);
            }
        }
    }

    private async Task DoAsync(SyncAction action)
    {
        switch (action)
        {
            case Persist next:
                await persist(next.Record);
                site.Tracker.Promotable(next.Record);
                break;
            case StopStaging:
                await main.StopAsync();
                await operations.Staging.CloseAsync();
                break;
            case StopApplying or StopFollowing:
                await main.StopAsync();
                break;
            case StopSpooling:
                await spool.StopAsync();
                break;
            case DiscardStaging:
                await main.StopAsync();
                await operations.Staging.DiscardAsync();
                break;
            case DiscardSpool:
                await spool.StopAsync();
                await operations.Spool.DiscardAsync();
                break;
            case ReleaseLease release:
                operations.Calls.Release(release.Source, release.Lease);
                break;
            case LeaveQueue:
                operations.Calls.LeaveQueue();
                break;
            default:
                throw new InvariantException($"Nobody carries out {action.GetType().Name}.");
        }
    }

    private void Told(Tell tell)
    {
        var order = machine.Record.Order;
        spans.Tell(tell.State, order?.CopyFrom ?? order?.Source ?? "", machine.Record.Copy != CopyReason.None);
        site.Tracker.Told(tell, order);
        if (tell.Attempt > tries)
        {
            SluiceTelemetry.SyncFailures.Add(1);
            LogFailed(site.Logger, site.Replica, tell.State, tell.Error, tell.Attempt);
        }

        tries = tell.Attempt;
        if (tell.State != logged)
        {
            logged = tell.State;
            LogState(site.Logger, site.Replica, tell.State, tell.Detail);
        }
    }

    [LoggerMessage(4301, LogLevel.Information, "Sync {Replica} is {State}: {Detail}")]
    private static partial void LogState(ILogger logger, ReplicaKey replica, SyncState state, string detail);

    [LoggerMessage(4302, LogLevel.Warning, "Sync {Replica}, {State}: {Reason}; attempt {Attempt} follows")]
    private static partial void LogFailed(ILogger logger, ReplicaKey replica, SyncState state, string reason, int attempt);

    [LoggerMessage(4303, LogLevel.Error, "Sync {Replica}: {Action} could not be done, and is tried again")]
    private static partial void LogNotDone(ILogger logger, Exception error, ReplicaKey replica, string action);

    [LoggerMessage(4304, LogLevel.Critical, "Sync {Replica} has met a defect of its own")]
    private static partial void LogDefect(ILogger logger, Exception error, ReplicaKey replica);
}
