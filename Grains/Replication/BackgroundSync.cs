namespace Sluice.Replication;

/// <summary>Makes durable in the background what was written: when so much is there that a step is reached, and at the latest after a time.</summary>
internal sealed class BackgroundSync : IAsyncDisposable
{
    private readonly Signal stepReached = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Func<bool> isBehind;
    private readonly Func<CancellationToken, Task> sync;
    private readonly TimeSpan every;
    private readonly TimeProvider time;
    private readonly Task loop;

    /// <summary>Begins.</summary>
    /// <param name="isBehind">Whether something waits for a sync; false when an earlier one has failed for good.</param>
    /// <param name="sync">Makes durable what was written. It keeps its failure in mind, for the next write to report it.</param>
    /// <param name="every">How long something waits at the most.</param>
    /// <param name="time">The clock.</param>
    public BackgroundSync(Func<bool> isBehind, Func<CancellationToken, Task> sync, TimeSpan every, TimeProvider time)
    {
        (this.isBehind, this.sync, this.every, this.time) = (isBehind, sync, every, time);
        loop = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>A step is reached.</summary>
    public void StepReached() => stepReached.Set();

    /// <summary>Ends, after the sync that is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await Signal.WaitAsync(stepReached.Next, every, time, stopping.Token).ConfigureAwait(false);
                if (isBehind())
                {
                    await sync(stopping.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception)
            {
                // Nobody waits for this loop: whoever writes next is told.
            }
        }
    }
}
