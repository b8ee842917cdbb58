namespace Sluice.Sync;

/// <summary>
/// One full copy, from its place in the queue to the installation; a part of <see cref="SyncMachine"/>, whose main line it has meanwhile. What an interrupted copy left is gone on with as long as its
/// source has the snapshot; when it has not, or when the spool cannot be continued, a new snapshot is opened, and what is staged whole and the same in it is not sent again.
/// </summary>
internal sealed class CopyMachine(SyncContext context)
{
    // A snapshot of a few files is there at once, and a place in the queue comes when another copy ends: asking costs one small call.
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    // A file that comes wrong so often from one snapshot is wrong where it comes from.
    private const int MaxCorruptions = 3;

    private CopyPhase phase;
    private int corruptions;
    private StagedFacts copy = new("", Guid.Empty, Guid.Empty, default, IsWhole: false);

    // The node whose link the broker has admitted the copy to.
    private string? admittedFrom;

    private SyncLine Main => context.Main;

    private bool IsAdmitted => admittedFrom == copy.Source;

    /// <summary>A snapshot is held for it at its source.</summary>
    public bool HasLease => copy.Lease != Guid.Empty;

    /// <summary>The installation is not to be interrupted any more.</summary>
    public bool IsInstalling => phase == CopyPhase.Installing;

    /// <summary>Begins a copy, or goes on with what was staged.</summary>
    public void Begin(SyncFacts facts)
    {
        if (HasLease && copy.Lease != facts.Staged?.Lease)
        {
            // It was given up before anything of its snapshot was staged.
            context.Output.Add(new ReleaseLease(copy.Source, copy.Lease));
        }

        var staged = facts.Staged is { } found && (context.Order.CopyFrom is null || context.Order.CopyFrom == found.Source) ? found : null;
        if (staged is null && facts.Staged is { } other)
        {
            context.Output.Add(new ReleaseLease(other.Source, other.Lease));
        }

        var spool = staged is not null && facts.Spool is { } held && held.GoesOnFrom(staged.Position) ? held : null;
        if (spool is null && facts.Spool is not null)
        {
            context.Output.Add(new DiscardSpool());
        }

        copy = staged ?? Nothing;
        if (staged is not null)
        {
            context.Spool.Start(context.CopySource, context.Order.Epoch, spool?.End ?? staged.Position);
        }

        Enter(IsAdmitted ? AfterQueue : CopyPhase.Queueing);
    }

    /// <summary>Takes an outcome of the main line.</summary>
    /// <returns>Where the live data stands once the copy is installed; null before that.</returns>
    public LogPosition? Step(SyncOutcome outcome, TimeSpan now)
    {
        switch (outcome)
        {
            case Admitted:
                admittedFrom = copy.Source;
                Enter(AfterQueue);
                break;
            case Queued queued:
                context.Enter(SyncState.Pending, queued.Why);
                Main.PauseFor(queued.AskAfter > AskAgain ? queued.AskAfter : AskAgain, now);
                break;
            case NotYet notYet:
                context.Enter(SyncState.Opening, notYet.Why.Length > 0 ? notYet.Why : $"{copy.Source} makes a snapshot");
                Main.PauseFor(AskAgain, now);
                break;
            case Opened opened:
                copy = copy with { Lease = opened.Lease, Position = opened.Position };
                context.Spool.Start(context.CopySource, context.Order.Epoch, opened.Position);
                Enter(CopyPhase.Listing);
                break;
            case Listed:
                Enter(CopyPhase.Preparing);
                break;
            case Prepared prepared:
                copy = prepared.Staged;
                Enter(copy.IsWhole ? CopyPhase.Verifying : CopyPhase.Choosing);
                break;
            case Chosen { IsHeld: true }:
                Enter(CopyPhase.Staging);
                break;
            case Chosen:
                OpenAnew($"{copy.Source} has the snapshot no more", giveBack: false, now);
                break;
            case Staged:
                Main.Progress();
                Enter(CopyPhase.Verifying);
                break;
            case Verified:
                corruptions = 0;
                Enter(CopyPhase.Confirming);
                break;
            case Judged judged:
                Confirm(judged, now);
                break;
            case Installed installed:
                return installed.Position;
            default:
                Fails(outcome, now);
                break;
        }

        return null;
    }

    /// <summary>A pause of the main line is over.</summary>
    public void Wake()
    {
        if (phase is CopyPhase.Queueing or CopyPhase.Opening)
        {
            // Asked again and again: what it waits for is said already.
            Main.Request(Request(phase).Request);
        }
        else
        {
            Enter(phase);
        }
    }

    /// <summary>The spool cannot be continued: the snapshot leads nowhere.</summary>
    public void SpoolBroke(string reason, TimeSpan now) => OpenAnew(reason, giveBack: true, now);

    /// <summary>Ends what is under way; what is durable stays.</summary>
    public void Halt()
    {
        if (phase == CopyPhase.Staging)
        {
            context.Output.Add(new StopStaging());
        }

        Main.Stop();
        phase = CopyPhase.None;
    }

    /// <summary>The copy is installed, and that is written down: gives back what was held for it.</summary>
    public void Finish()
    {
        Main.Progress();
        phase = CopyPhase.None;
        context.Output.Add(new ReleaseLease(copy.Source, copy.Lease));
        copy = Nothing;
        LeaveQueue();
    }

    /// <summary>Throws away what is under way, or was left by an earlier attempt.</summary>
    public void Abandon(StagedFacts? staged)
    {
        Halt();
        if ((HasLease ? copy : staged) is { } held)
        {
            context.Output.Add(new ReleaseLease(held.Source, held.Lease));
        }

        context.Output.Add(new DiscardStaging());
        context.Spool.Stop();
        context.Output.Add(new DiscardSpool());
        copy = Nothing;
        LeaveQueue();
    }

    /// <summary>The broker hears that the copy is over.</summary>
    public void LeaveQueue()
    {
        if (admittedFrom is not null)
        {
            admittedFrom = null;
            context.Output.Add(new LeaveQueue());
        }
    }

    private StagedFacts Nothing => new(context.Record.Order is null ? "" : context.CopySource, Guid.Empty, Guid.Empty, default, IsWhole: false);

    private CopyPhase AfterQueue => HasLease ? CopyPhase.Preparing : CopyPhase.Opening;

    private SyncState StateOfPhase => phase switch
    {
        CopyPhase.Queueing => SyncState.Pending,
        CopyPhase.Opening or CopyPhase.Listing => SyncState.Opening,
        CopyPhase.Verifying or CopyPhase.Confirming => SyncState.Verifying,
        CopyPhase.Installing => SyncState.Installing,

        // Before the first file is asked for, the snapshot is still being opened; later the copy makes ready to go on.
        CopyPhase.Preparing or CopyPhase.Choosing when context.State == SyncState.Opening => SyncState.Opening,
        _ => SyncState.Copying,
    };

    private void Enter(CopyPhase next)
    {
        phase = next;
        var (detail, request) = Request(next);
        context.Enter(StateOfPhase, detail);
        Main.Request(request);
    }

    private (string Detail, Func<int, SyncOperation> Request) Request(CopyPhase next)
    {
        var (source, lease) = (copy.Source, copy.Lease);
        switch (next)
        {
            case CopyPhase.Queueing:
                return ("asks the broker for a place", attempt => new AskAdmission(attempt, source));
            case CopyPhase.Opening:
                return ($"asks {source} for a snapshot", attempt => new OpenSnapshot(attempt, source));
            case CopyPhase.Listing:
                return ($"the manifest comes from {source}", attempt => new FetchManifest(attempt, source, lease));
            case CopyPhase.Preparing:
                return ("looks what of it is here already", attempt => new PrepareStaging(attempt, source, lease));
            case CopyPhase.Choosing:
                return ($"tells {source} which files are wanted", attempt => new ChooseFiles(attempt, source, lease));
            case CopyPhase.Staging:
                return ($"files come from {source}", attempt => new Stage(attempt, source, lease));
            case CopyPhase.Verifying:
                return ("checksums of the staged files", attempt => new Verify(attempt));
            case CopyPhase.Confirming:
                return ($"asks {context.Order.Source} whether {context.Spool.End} is of its history", attempt => new AskVerdict(attempt, context.Order.Source, context.Spool.End));
            case CopyPhase.Installing:
                var keepOld = context.Record.Copy == CopyReason.Diverged;
                context.Persist(context.Record with { Installing = new BegunInstallation(copy.Snapshot, source, lease), LiveEpoch = 0, State = SyncState.Installing });
                return ("the copy replaces the old data", attempt => new Install(attempt, keepOld));
            default:
                throw new InvariantException($"Nothing is requested in phase {next}.");
        }
    }

    private void Confirm(Judged judged, TimeSpan now)
    {
        if (judged.Epoch != context.Order.Epoch)
        {
            context.Retry(SyncState.Verifying, $"{context.Order.Source} is in epoch {judged.Epoch}, not {context.Order.Epoch}", now);
        }
        else if (judged.Verdict == LogVerdict.Diverged)
        {
            OpenAnew($"the snapshot is not of the primary's history: {judged.Reason}", giveBack: true, now);
        }
        else
        {
            Enter(CopyPhase.Installing);
        }
    }

    private void Fails(SyncOutcome outcome, TimeSpan now)
    {
        var (failure, reason) = outcome switch
        {
            StagingEnded ended => (ended.Failure, ended.Reason),
            Failed failed => (failed.Failure, failed.Reason),
            _ => throw new InvariantException($"A copy in phase {phase} awaits no {outcome.GetType().Name}."),
        };
        if (outcome is StagingEnded { Advanced: true })
        {
            Main.Progress();
        }

        switch (failure)
        {
            case SyncFailure.LeaseGone when HasLease:
                OpenAnew(reason, giveBack: false, now);
                break;
            case SyncFailure.Unusable:
            case SyncFailure.Corrupt when phase is CopyPhase.Listing or CopyPhase.Preparing:
                context.Output.Add(new DiscardStaging());
                OpenAnew(reason, giveBack: true, now);
                break;
            case SyncFailure.Corrupt when ++corruptions >= MaxCorruptions:
                // Bad luck does not strike one place so often: the source reads its own file wrong. Of the next snapshot it may be another file.
                OpenAnew(reason, giveBack: true, now);
                break;
            case SyncFailure.Unreachable or SyncFailure.Refused when phase == CopyPhase.Choosing && copy.Source != context.CopySource:
                // Its source is not the one to copy from any more, only the one that had the snapshot.
                OpenAnew(reason, giveBack: true, now);
                break;
            default:
                context.Retry(StateOfPhase, reason, now);
                phase = phase is CopyPhase.Staging or CopyPhase.Verifying ? CopyPhase.Preparing : phase;
                break;
        }
    }

    private void OpenAnew(string reason, bool giveBack, TimeSpan now)
    {
        Halt();
        if (giveBack && HasLease)
        {
            context.Output.Add(new ReleaseLease(copy.Source, copy.Lease));
        }

        // The files that are staged stay, for what of the next snapshot is the same; the log beside them leads on from no other snapshot.
        context.Spool.Stop();
        context.Output.Add(new DiscardSpool());
        copy = Nothing;
        corruptions = 0;
        phase = IsAdmitted ? CopyPhase.Opening : CopyPhase.Queueing;
        context.Retry(StateOfPhase, reason, now);
    }
}
