namespace Sluice.Replication;

/// <summary>
/// Wakes those who wait for a change. Take <see cref="Next"/> first, look at the state, then await what was taken: then no change is missed. Safe for concurrent use.
/// </summary>
internal sealed class Signal
{
    private TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends at the next <see cref="Set"/>.</summary>
    public Task Next => Volatile.Read(ref source).Task;

    /// <summary>Something changed.</summary>
    public void Set() => Interlocked.Exchange(ref source, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for the change, but not longer than a time.</summary>
    /// <returns>Whether the change came.</returns>
    public static async ValueTask<bool> WaitAsync(Task next, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        if (next.IsCompleted)
        {
            return true;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(next, Task.Delay(atMost, time, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return ReferenceEquals(first, next);
    }
}
