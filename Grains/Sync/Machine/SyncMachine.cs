namespace Sluice.Sync;

/// <summary>
/// Decides what one replica does to come to hold what its primary holds, and to keep it. Pure: no clock, no disk, no network, no task. It is told what happened and at what time, and answers with what is to be
/// done ("ready loop", as etcd's raft has it); whoever carries that out, a grain or a simulator, tells it how that ended.
/// <para>
/// Each attempt begins with a look at the disk (<see cref="Survey"/>) and with the primary's verdict on what is there, before anything else: the same history, and the log goes on from there: it is followed. Otherwise a
/// full copy is needed: that is written down first, and from then on until the copy is installed the replica must not be promoted, whatever crashes. <see cref="CopyMachine"/> brings the copy; beside it the log is spooled
/// (<see cref="SpoolLine"/>), so that the primary need not keep it. An installed copy applies its spool until nothing is left, lets go of the spool, and asks for the verdict again like any other attempt.
/// </para>
/// <para>
/// Two lines go on side by side, each with one request at most: the spool's, and the main one with all the rest. An answer to a request that was given up is known by its attempt, and ignored. Errors are answers
/// too. A pause between attempts grows until something comes through. Times are any clock's that never goes back.
/// </para>
/// </summary>
public sealed class SyncMachine
{
    private readonly SyncContext context;
    private readonly CopyMachine copy;
    private readonly CatchUpMachine catchUp;
    private SyncPhase phase;
    private SyncFacts facts = new(default, Guid.Empty, null, null);
    private LogVerdict liveVerdict;

    /// <summary>Begins idle.</summary>
    /// <param name="random">A seeded source: replicas that lost the same primary must not come back together.</param>
    public SyncMachine(Random random)
    {
        context = new SyncContext(random);
        copy = new CopyMachine(context);
        catchUp = new CatchUpMachine(context);
    }

    /// <summary>What is remembered, as it was persisted last.</summary>
    public SyncRecord Record => context.Record;

    /// <summary>The state that was told last.</summary>
    public SyncState State => context.State;

    private SyncLine Main => context.Main;

    private SpoolLine Spool => context.Spool;

    /// <summary>Takes one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">When; never less than before.</param>
    /// <returns>What is to be done, in this order.</returns>
    public IReadOnlyList<SyncAction> Step(SyncInput input, TimeSpan now)
    {
        switch (input)
        {
            case Recovered recovered:
                context.Recover(recovered.Record);
                if (Record.Order is not null)
                {
                    Look();
                }

                break;
            case Ordered ordered:
                Take(ordered.Order);
                break;
            case StopOrdered:
                StopAll();
                break;
            case TimePassed:
                Wake(now);
                break;
            case SyncOutcome outcome when Spool.Step(outcome, now):
                SpoolMoved(now);
                break;
            case SyncOutcome outcome when Main.Takes(outcome):
                Hear(outcome, now);
                break;
        }

        return context.Finish();
    }

    private void Take(SyncOrder order)
    {
        if (OrderRules.IsStale(Record, order))
        {
            context.Output.Add(new Refuse($"An order for epoch {order.Epoch} is out of date: epoch {Record.Epoch} is known already."));
        }
        else if (OrderRules.Take(Record, order) is { } next)
        {
            context.Persist(next);
            Halt();
            context.Begin();
            Main.Progress();
            Look();
        }
    }

    private void StopAll()
    {
        if (Record.Order is null)
        {
            return;
        }

        Halt();
        context.Persist(Record with { Order = null, Copy = CopyReason.None, Installing = null, State = SyncState.Idle });
        copy.Abandon(facts.Staged);
        facts = facts with { Staged = null, Spool = null };
        context.Begin();
        context.Enter(SyncState.Idle, "");
    }

    // Ends what is under way; what is durable stays.
    private void Halt()
    {
        catchUp.Halt();
        copy.Halt();
        Spool.Stop();
        phase = SyncPhase.Idle;
    }

    private void Look()
    {
        phase = SyncPhase.Surveying;
        context.Enter(SyncState.Pending, "looks what is here already");
        Main.Request(attempt => new Survey(attempt));
    }

    private void LookAgain(string reason, TimeSpan now)
    {
        Halt();
        phase = SyncPhase.Surveying;
        context.Retry(SyncState.Pending, reason, now);
    }

    private void Wake(TimeSpan now)
    {
        Spool.Wake(now);
        if (!Main.Wakes(now))
        {
            return;
        }

        switch (phase)
        {
            case SyncPhase.Surveying:
                Look();
                break;
            case SyncPhase.Judging:
                AskPrimary();
                break;
            case SyncPhase.Copying:
                copy.Wake();
                break;
            case SyncPhase.CatchingUp:
                catchUp.Wake();
                break;
            default:
                throw new InvariantException($"Nothing pauses in phase {phase}.");
        }
    }

    private void Hear(SyncOutcome outcome, TimeSpan now)
    {
        switch (phase, outcome)
        {
            case (SyncPhase.Surveying, Surveyed surveyed):
                facts = surveyed.Facts;
                Decide();
                break;
            case (SyncPhase.Judging, Judged judged):
                HearPrimary(judged, now);
                break;
            case (SyncPhase.Judging, Failed failed):
                context.Retry(StateWhenAsking, failed.Reason, now);
                break;
            case (SyncPhase.Copying, Failed failed) when copy.IsInstalling:
                LookAgain(failed.Reason, now);
                break;
            case (SyncPhase.Copying, _):
                if (copy.Step(outcome, now) is { } position)
                {
                    CopyInstalled(position);
                }

                break;
            case (SyncPhase.CatchingUp, _):
                HearCatchUp(catchUp.Step(outcome, now), now);
                break;
            case (_, Failed failed):
                LookAgain(failed.Reason, now);
                break;
            default:
                throw new InvariantException($"Phase {phase} awaits no {outcome.GetType().Name}.");
        }
    }

    private void Decide()
    {
        if (Record.Installing is { } begun && begun.Snapshot == facts.InstalledSnapshot)
        {
            // The process ended between the installation and its record.
            context.Persist(Record with { Copy = CopyReason.None, Installing = null, State = SyncState.CatchingUp });
            context.Output.Add(new ReleaseLease(begun.Source, begun.Lease));
            copy.LeaveQueue();
        }

        if (Record.Copy != CopyReason.None && Record.CopyEpoch == context.Order.Epoch)
        {
            BeginCopy();
        }
        else if (facts.Live.Epoch == 0)
        {
            NeedCopy(CopyReason.NoData);
        }
        else
        {
            AskPrimary();
        }
    }

    // After a copy the replica catches up; any other attempt waits for the verdict.
    private SyncState StateWhenAsking => context.State == SyncState.CatchingUp ? SyncState.CatchingUp : SyncState.Pending;

    private void AskPrimary()
    {
        phase = SyncPhase.Judging;
        context.Enter(StateWhenAsking, $"asks {context.Order.Source} whether its log goes on from {facts.Live}");
        Main.Request(attempt => new AskVerdict(attempt, context.Order.Source, facts.Live));
    }

    private void HearPrimary(Judged judged, TimeSpan now)
    {
        if (judged.Epoch != context.Order.Epoch)
        {
            context.Retry(StateWhenAsking, $"{context.Order.Source} is in epoch {judged.Epoch}, not {context.Order.Epoch}", now);
        }
        else if (judged.Verdict == LogVerdict.Diverged)
        {
            NeedCopy(CopyReason.Diverged);
        }
        else if (Record.Copy == CopyReason.Forced)
        {
            NeedCopy(CopyReason.Forced);
        }
        else if (Record.Copy == CopyReason.None && facts.Spool?.GoesOnFrom(facts.Live) == true)
        {
            // The spool of a copy that is installed: it is what leads on, even where the primary's log no longer does.
            liveVerdict = judged.Verdict;
            phase = SyncPhase.CatchingUp;
            catchUp.GoOnWithSpool(facts.Spool);
        }
        else
        {
            GoOn(judged.Verdict);
        }
    }

    private void GoOn(LogVerdict verdict)
    {
        if (verdict == LogVerdict.Truncated)
        {
            NeedCopy(CopyReason.LogTruncated);
            return;
        }

        if (Record.Copy != CopyReason.None)
        {
            // Decided upon in another epoch, and not needed in this one.
            context.Persist(Record with { Copy = CopyReason.None, Installing = null });
        }

        if (facts.Staged is not null || copy.HasLease)
        {
            copy.Abandon(facts.Staged);
        }
        else if (facts.Spool is not null)
        {
            context.Output.Add(new DiscardSpool());
        }

        copy.LeaveQueue();
        facts = facts with { Staged = null, Spool = null };
        phase = SyncPhase.CatchingUp;
        catchUp.FollowFrom(facts.Live);
    }

    private void NeedCopy(CopyReason reason)
    {
        context.Persist(Record with
        {
            Copy = reason,
            CopyEpoch = context.Order.Epoch,
            LiveEpoch = reason == CopyReason.Diverged ? 0 : Record.LiveEpoch,
            State = SyncState.Pending,
        });
        BeginCopy();
    }

    private void BeginCopy()
    {
        phase = SyncPhase.Copying;
        copy.Begin(facts);
    }

    private void SpoolMoved(TimeSpan now)
    {
        if (phase == SyncPhase.CatchingUp && !catchUp.SpoolMoved())
        {
            facts = facts with { Spool = null };
            GoOn(liveVerdict);
        }
        else if (phase == SyncPhase.Copying && Spool.Broken is { } reason && !copy.IsInstalling)
        {
            copy.SpoolBroke(reason, now);
        }
    }

    private void CopyInstalled(LogPosition position)
    {
        facts = new SyncFacts(position, Record.Installing!.Snapshot, null, null);
        context.Persist(Record with { Copy = CopyReason.None, Installing = null, State = SyncState.CatchingUp });
        copy.Finish();
        phase = SyncPhase.CatchingUp;
        catchUp.ApplySpool();
    }

    private void HearCatchUp(CatchUpEnd end, TimeSpan now)
    {
        if (end.Drained is { } position)
        {
            facts = facts with { Live = position, Staged = null, Spool = null };
            AskPrimary();
        }
        else if (end.Failure is { } reason)
        {
            LookAgain(reason, now);
        }
    }
}
