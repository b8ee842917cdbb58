namespace Sluice.Sync;

/// <summary>
/// Carries out the requests of one line of a sync, one after the other: the next one begins when the one before it has ended, which it is asked to as soon as it is given up. It belongs to its grain's turns.
/// </summary>
internal sealed class SyncRunner(Action<SyncOutcome> post)
{
    private Task running = Task.CompletedTask;
    private CancellationTokenSource? stopping;

    /// <summary>Begins a request; what ran before is given up.</summary>
    /// <param name="work">Does it. Its own errors are its outcome; it throws only when it was given up.</param>
    public void Begin(Func<CancellationToken, Task<SyncOutcome>> work)
    {
        stopping?.Cancel();
        var mine = new CancellationTokenSource();
        stopping = mine;
        running = RunAsync(running, work, mine);
    }

    /// <summary>Gives up what runs, and waits for its end.</summary>
    public async Task StopAsync()
    {
        stopping?.Cancel();
        await running;
    }

    private async Task RunAsync(Task before, Func<CancellationToken, Task<SyncOutcome>> work, CancellationTokenSource mine)
    {
        await before;
        try
        {
            if (!mine.IsCancellationRequested && await work(mine.Token) is var outcome && !mine.IsCancellationRequested)
            {
                post(outcome);
            }
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            if (ReferenceEquals(stopping, mine))
            {
                stopping = null;
            }

            mine.Dispose();
        }
    }
}
