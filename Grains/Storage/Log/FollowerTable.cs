namespace Sluice.Storage.Log;

/// <summary>What the followers of a log have made durable, and who waits for it. Safe for concurrent use.</summary>
internal sealed class FollowerTable(TimeProvider timeProvider)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, FollowerStatus> followers = new(StringComparer.Ordinal);
    private readonly List<Waiter> waiters = [];

    /// <summary>The followers, by name.</summary>
    public IReadOnlyList<FollowerStatus> Snapshot()
    {
        lock (gate)
        {
            return [.. followers.Values.OrderBy(follower => follower.Node, StringComparer.Ordinal)];
        }
    }

    /// <summary>A follower has made everything up to a sequence durable. One that starts anew may acknowledge less than before.</summary>
    public void Acknowledge(string node, long sequence)
    {
        lock (gate)
        {
            followers[node] = new FollowerStatus(node, sequence, timeProvider.GetUtcNow());
            for (var i = waiters.Count - 1; i >= 0; i--)
            {
                var waiter = waiters[i];
                var count = CountAt(waiter.Sequence);
                if (count >= waiter.Count)
                {
                    waiters.RemoveAt(i);
                    waiter.Done.TrySetResult(count);
                }
            }
        }
    }

    /// <summary>A follower follows no more.</summary>
    public void Remove(string node)
    {
        lock (gate)
        {
            followers.Remove(node);
        }
    }

    /// <summary>Fails all waiters.</summary>
    public void Withdraw(Exception reason)
    {
        lock (gate)
        {
            foreach (var waiter in waiters)
            {
                waiter.Done.TrySetException(reason);
            }

            waiters.Clear();
        }
    }

    /// <summary>Waits for so many followers at a sequence; returns how many there are in the end.</summary>
    public async Task<int> WaitAsync(long sequence, int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (gate)
        {
            var present = CountAt(sequence);
            if (present >= count || timeout == TimeSpan.Zero)
            {
                return present;
            }

            waiter = new Waiter(sequence, count);
            waiters.Add(waiter);
        }

        try
        {
            return await waiter.Done.Task.WaitAsync(timeout, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            lock (gate)
            {
                return CountAt(sequence);
            }
        }
        finally
        {
            lock (gate)
            {
                waiters.Remove(waiter);
            }
        }
    }

    private int CountAt(long sequence) => followers.Values.Count(follower => follower.DurableSequence >= sequence);

    private sealed record Waiter(long Sequence, int Count)
    {
        public TaskCompletionSource<int> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
