using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>
/// One line of a <see cref="SyncMachine"/>: at most one request that is not answered, or a pause until the next one. A main line and the spool's go on side by side.
/// </summary>
internal sealed class SyncLine(SyncOutput output, Random random)
{
    private readonly RetryBackoff backoff = new(random);

    /// <summary>The request that an answer is awaited for; 0: none.</summary>
    public int Attempt { get; private set; }

    /// <summary>When the line goes on; null: it does not pause.</summary>
    public TimeSpan? WakeAt { get; private set; }

    /// <summary>Nothing is awaited.</summary>
    public bool IsIdle => Attempt == 0 && WakeAt is null;

    /// <summary>Makes a request; it takes the place of an earlier one.</summary>
    public void Request(Func<int, SyncOperation> request)
    {
        WakeAt = null;
        Attempt = output.NextAttempt();
        output.Add(request(Attempt));
    }

    /// <summary>Whether an outcome answers the request. If so, nothing is awaited any more, unless more answers follow.</summary>
    public bool Takes(SyncOutcome outcome)
    {
        if (outcome.Attempt != Attempt)
        {
            return false;
        }

        if (outcome is not Followed)
        {
            Attempt = 0;
        }

        return true;
    }

    /// <summary>Pauses, each time longer until <see cref="Progress"/>.</summary>
    /// <returns>How long.</returns>
    public TimeSpan Pause(TimeSpan now) => PauseFor(backoff.Next(), now);

    /// <summary>Pauses for a time.</summary>
    public TimeSpan PauseFor(TimeSpan pause, TimeSpan now)
    {
        Attempt = 0;
        WakeAt = now + pause;
        return pause;
    }

    /// <summary>Whether a pause is over; it is then, and only once.</summary>
    public bool Wakes(TimeSpan now)
    {
        if (WakeAt is not { } at || now < at)
        {
            return false;
        }

        WakeAt = null;
        return true;
    }

    /// <summary>Something came through: the next pause is the first one again.</summary>
    public void Progress() => backoff.Reset();

    /// <summary>Awaits nothing any more.</summary>
    public void Stop() => (Attempt, WakeAt) = (0, null);
}

/// <summary>Collects the actions of one step.</summary>
internal sealed class SyncOutput
{
    private readonly List<SyncAction> actions = [];
    private int attempts;

    /// <summary>A number for a new request.</summary>
    public int NextAttempt() => ++attempts;

    /// <summary>Adds an action.</summary>
    public void Add(SyncAction action) => actions.Add(action);

    /// <summary>Adds what is told: before the requests, which belong to the state that it tells of.</summary>
    public void Tell(Tell tell)
    {
        var first = actions.FindIndex(action => action is SyncOperation);
        actions.Insert(first < 0 ? actions.Count : first, tell);
    }

    /// <summary>The actions since the last call.</summary>
    public IReadOnlyList<SyncAction> Take()
    {
        var taken = actions.ToArray();
        actions.Clear();
        return taken;
    }
}
