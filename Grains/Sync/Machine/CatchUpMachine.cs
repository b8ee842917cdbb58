namespace Sluice.Sync;

/// <summary>
/// Applying log to whole data: first what a copy's spool holds, then what the primary sends; a part of <see cref="SyncMachine"/>, whose main line it has meanwhile. The spool goes on growing while it is applied; when
/// nothing is left in it, its stream is ended, the rest applied, and the log of the primary takes its place.
/// </summary>
internal sealed class CatchUpMachine(SyncContext context)
{
    // Live is what a reader would call up to date; a busy primary is always a few batches ahead.
    private const long LiveLag = 1_000;

    private CatchUpPhase phase;

    private SyncLine Main => context.Main;

    /// <summary>Goes on with the spool of a copy that was installed before the process, or the order, changed; if the primary says that it is of its history.</summary>
    public void GoOnWithSpool(SpoolFacts spool)
    {
        phase = CatchUpPhase.Judging;
        context.Enter(SyncState.CatchingUp, $"asks {context.Order.Source} whether its log goes on from {spool.End}, where the spool ends");
        context.Spool.Start(context.Order.Source, context.Order.Epoch, spool.End);
    }

    /// <summary>Applies the spool of a copy that was just installed.</summary>
    public void ApplySpool() => Apply(CatchUpPhase.Applying);

    /// <summary>Follows the primary's log, which has said that it goes on there.</summary>
    public void FollowFrom(LogPosition position)
    {
        phase = CatchUpPhase.Following;
        context.Enter(SyncState.CatchingUp, $"log of {context.Order.Source} from {position}");
        Main.Request(attempt => new Follow(attempt, context.Order.Source, position));
    }

    /// <summary>The spool's line has moved.</summary>
    /// <returns>False: the spool cannot be gone on with, and is discarded.</returns>
    public bool SpoolMoved()
    {
        if (phase != CatchUpPhase.Judging)
        {
            return true;
        }

        if (context.Spool.Receives)
        {
            Apply(CatchUpPhase.Applying);
        }
        else if (context.Spool.Broken is not null)
        {
            phase = CatchUpPhase.None;
            context.Output.Add(new DiscardSpool());
            return false;
        }

        return true;
    }

    /// <summary>Takes an outcome of the main line.</summary>
    /// <returns>What follows from it.</returns>
    public CatchUpEnd Step(SyncOutcome outcome, TimeSpan now)
    {
        switch (outcome)
        {
            case SpoolApplied applied:
                return HearApplied(applied.Position);
            case Followed followed:
                HearLag(followed.Lag);
                return CatchUpEnd.GoesOn;
            case FollowEnded ended:
                if (ended.Advanced)
                {
                    Main.Progress();
                }

                return new CatchUpEnd(null, ended.Reason);
            case Failed { Failure: SyncFailure.DiskFull } failed when phase != CatchUpPhase.Following:
                context.Retry(SyncState.CatchingUp, failed.Reason, now);
                return CatchUpEnd.GoesOn;
            case Failed failed:
                if (failed.Failure == SyncFailure.Corrupt)
                {
                    context.Spool.Stop();
                    context.Output.Add(new DiscardSpool());
                }

                return new CatchUpEnd(null, failed.Reason);
            default:
                throw new InvariantException($"Log that is applied awaits no {outcome.GetType().Name}.");
        }
    }

    /// <summary>A pause of the main line is over.</summary>
    public void Wake() => Apply(phase);

    /// <summary>Ends what is under way; what is durable stays.</summary>
    public void Halt()
    {
        if (phase == CatchUpPhase.Following)
        {
            context.Output.Add(new StopFollowing());
        }
        else if (phase is CatchUpPhase.Applying or CatchUpPhase.Draining)
        {
            context.Output.Add(new StopApplying());
        }

        Main.Stop();
        phase = CatchUpPhase.None;
    }

    private void Apply(CatchUpPhase next)
    {
        phase = next;
        context.Enter(SyncState.CatchingUp, "applies the log that was spooled");
        Main.Request(attempt => new ApplySpool(attempt));
    }

    private CatchUpEnd HearApplied(LogPosition position)
    {
        Main.Progress();
        if (context.Spool.IsOn)
        {
            // What arrives until the stream has ended is applied in a second, short pass.
            context.Spool.Stop();
            Apply(CatchUpPhase.Draining);
            return CatchUpEnd.GoesOn;
        }

        phase = CatchUpPhase.None;
        context.Output.Add(new DiscardSpool());
        return new CatchUpEnd(position, "");
    }

    private void HearLag(long lag)
    {
        if (lag <= LiveLag && context.State != SyncState.Live)
        {
            Main.Progress();
            context.Persist(context.Record with { LiveEpoch = context.Order.Epoch, State = SyncState.Live });
            context.Enter(SyncState.Live, $"follows {context.Order.Source}");
        }
    }
}

/// <summary>What follows from an outcome of <see cref="CatchUpMachine"/>.</summary>
/// <param name="Drained">The spool is applied and gone, and the live data stands there; null: not yet.</param>
/// <param name="Failure">Why it ends, for a person; null: it does not.</param>
internal readonly record struct CatchUpEnd(LogPosition? Drained, string? Failure)
{
    /// <summary>Nothing does.</summary>
    public static readonly CatchUpEnd GoesOn = new(null, null);
}
