namespace Sluice.Sync;

/// <summary>
/// The spool's line: asks the source for its verdict on where the spool ends, has the log received from there, and goes on so after each break, beside whatever the main line does. It ends by being
/// stopped, or by breaking off for good: then nothing leads from the snapshot to the present.
/// </summary>
internal sealed class SpoolLine(SyncOutput output, Random random)
{
    private readonly SyncLine line = new(output, random);
    private string source = "";
    private long epoch;

    /// <summary>It was started, and neither stopped nor broken off.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Where the spool ended when the log was last asked for; after that it holds only what came on the source's word that it goes on there.</summary>
    public LogPosition End { get; private set; }

    /// <summary>The log comes: the source has said that it goes on where the spool ended.</summary>
    public bool Receives { get; private set; }

    /// <summary>Why the spool cannot be continued; null as long as it can.</summary>
    public string? Broken { get; private set; }

    /// <summary>What holds the spool up, for a person; empty when nothing does.</summary>
    public string Trouble { get; private set; } = "";

    /// <summary>When the line goes on; null: it does not pause.</summary>
    public TimeSpan? WakeAt => line.WakeAt;

    /// <summary>Begins, or goes on, behind a position.</summary>
    /// <param name="from">The node that the log comes from.</param>
    /// <param name="atEpoch">The epoch that it must be in.</param>
    /// <param name="after">Where the spool ends; the snapshot's position when it is empty.</param>
    public void Start(string from, long atEpoch, LogPosition after)
    {
        (source, epoch, End) = (from, atEpoch, after);
        (IsOn, Broken, Trouble) = (true, null, "");
        line.Progress();
        Ask();
    }

    /// <summary>Takes an outcome.</summary>
    /// <returns>False: it is not this line's.</returns>
    public bool Step(SyncOutcome outcome, TimeSpan now)
    {
        if (!line.Takes(outcome))
        {
            return false;
        }

        Receives = false;
        switch (outcome)
        {
            case Judged judged:
                Hear(judged, now);
                break;
            case SpoolEnded ended:
                Ended(ended, now);
                break;
            case Failed failed:
                Retry(failed.Reason, now);
                break;
            default:
                throw new InvariantException($"The spool's line awaits no {outcome.GetType().Name}.");
        }

        return true;
    }

    /// <summary>Goes on if a pause is over.</summary>
    public void Wake(TimeSpan now)
    {
        if (line.Wakes(now))
        {
            Ask();
        }
    }

    /// <summary>Ends it; what was received is durable.</summary>
    public void Stop()
    {
        if (Receives)
        {
            output.Add(new StopSpooling());
        }

        line.Stop();
        (Receives, IsOn, Trouble) = (false, false, "");
    }

    private void Ask() => line.Request(attempt => new AskVerdict(attempt, source, End) { IsOfSpool = true });

    private void Hear(Judged judged, TimeSpan now)
    {
        if (judged.Epoch != epoch)
        {
            Retry($"{source} is in epoch {judged.Epoch}, not {epoch}", now);
        }
        else if (judged.Verdict == LogVerdict.Continue)
        {
            Trouble = "";
            Receives = true;
            line.Request(attempt => new Spool(attempt, source, End) { IsOfSpool = true });
        }
        else
        {
            Break($"the log of {source} does not go on from {End}: {judged.Reason}");
        }
    }

    private void Ended(SpoolEnded ended, TimeSpan now)
    {
        if (ended.Durable.Sequence > End.Sequence)
        {
            line.Progress();
        }

        End = ended.Durable;
        if (ended.Failure == SyncFailure.Corrupt)
        {
            Break(ended.Reason);
        }
        else
        {
            // Also when the log is said to be truncated: the verdict decides.
            Retry(ended.Reason, now);
        }
    }

    private void Retry(string reason, TimeSpan now)
    {
        Trouble = reason;
        line.Pause(now);
    }

    private void Break(string reason)
    {
        line.Stop();
        (IsOn, Broken) = (false, reason);
    }
}
