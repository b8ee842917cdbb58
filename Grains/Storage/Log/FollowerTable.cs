using Sluice.Replication;

namespace Sluice.Storage.Log;

/// <summary>The shell of a <see cref="LogFeed"/>: its clock and its lock, and who waits for replicas. Safe for concurrent use.</summary>
internal sealed class FollowerTable(TimeProvider timeProvider)
{
    private readonly Lock gate = new();
    private readonly LogFeed feed = new();
    private readonly List<Waiter> waiters = [];

    private TimeSpan Now => timeProvider.GetElapsedTime(0);

    /// <summary>The followers, by name.</summary>
    public IReadOnlyList<FollowerStatus> Snapshot()
    {
        lock (gate)
        {
            var (now, wall) = (Now, timeProvider.GetUtcNow());
            return
            [
                .. feed.Followers.OrderBy(follower => follower.Node, StringComparer.Ordinal).ThenBy(follower => follower.Mode).Select(follower =>
                {
                    var lag = feed.LagOf(follower, now);
                    return new FollowerStatus(follower.Node, follower.DurableSequence, wall - (now - follower.HeardAt))
                    {
                        Mode = follower.Mode,
                        IsHung = LogFeed.IsHung(follower, now),
                        LagSequences = lag.Sequences,
                        LagBytes = lag.Bytes,
                        Lag = lag.Time,
                    };
                }),
            ];
        }
    }

    /// <summary>What each follower lacks and has, for whoever wants to slow the writers for it.</summary>
    public IReadOnlyList<FollowerPressure> Pressures()
    {
        lock (gate)
        {
            var now = Now;
            return [.. feed.Followers.Select(follower => new FollowerPressure(follower, feed.Marks.BytesAt(follower.DurableSequence) ?? 0, feed.LagOf(follower, now).Bytes))];
        }
    }

    /// <summary>The followers that have become hung, or are no longer, since this was asked last.</summary>
    public IReadOnlyList<(LogFollower Follower, bool IsHung)> TakeChanges()
    {
        lock (gate)
        {
            return feed.TakeChanges(Now);
        }
    }

    /// <summary>The log stands at a sequence, so many bytes after it was opened.</summary>
    public void Advance(long sequence, long bytes)
    {
        lock (gate)
        {
            feed.Advance(sequence, bytes, Now);
        }
    }

    /// <summary>A follower has connected, and wants the log from a sequence on.</summary>
    public ILogFollower Join(string node, FollowerMode mode, long from)
    {
        lock (gate)
        {
            return new Connection(this, feed.Join(node, mode, from, Now));
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
            var present = feed.CountAt(sequence);
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
                return feed.CountAt(sequence);
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

    private void Acknowledge(LogFollower follower, long? durable, long consumed)
    {
        lock (gate)
        {
            // More than there is cannot be durable: what a peer says counts as far as it can be true.
            follower.Acknowledge(durable is { } sequence ? Math.Min(sequence, feed.Latest.Sequence) : null, consumed, Now);
            for (var i = waiters.Count - 1; durable is not null && i >= 0; i--)
            {
                var waiter = waiters[i];
                var count = feed.CountAt(waiter.Sequence);
                if (count >= waiter.Count)
                {
                    waiters.RemoveAt(i);
                    waiter.Done.TrySetResult(count);
                }
            }
        }
    }

    private sealed record Waiter(long Sequence, int Count)
    {
        public TaskCompletionSource<int> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Connection(FollowerTable table, LogFollower follower) : ILogFollower
    {
        public void Sending(long sequence, long bytes)
        {
            lock (table.gate)
            {
                follower.Sending(sequence, bytes, table.Now);
            }
        }

        public void Acknowledged(long? durable, long consumed) => table.Acknowledge(follower, durable, consumed);

        public LogProgress ProgressAt(long sequence)
        {
            lock (table.gate)
            {
                var latest = table.feed.Latest;
                var lag = table.feed.Marks.Behind(sequence, latest with { At = table.Now });
                return new LogProgress(latest.Sequence, latest.Bytes, sequence, lag.Bytes, lag.Time);
            }
        }

        public void Dispose()
        {
            lock (table.gate)
            {
                table.feed.Leave(follower);
            }
        }
    }
}
