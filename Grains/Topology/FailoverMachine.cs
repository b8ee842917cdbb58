namespace Sluice.Topology;

/// <summary>What a hand-over does next.</summary>
public enum FailoverStep
{
    /// <summary>Ask the target how far it is.</summary>
    AskTarget = 0,

    /// <summary>Ask the topology to promote the target.</summary>
    Promote = 1,

    /// <summary>Ask the topology for a new reign of the present primary, which is granted only if nobody has been promoted: so it is known who reigns.</summary>
    KeepReign = 2,

    /// <summary>Nothing: it has ended.</summary>
    End = 3,
}

/// <summary>What has happened to a hand-over.</summary>
public abstract record FailoverInput;

/// <summary>The target stands here, and what it has is durable.</summary>
public sealed record TargetAt(LogPosition Position) : FailoverInput;

/// <summary>The target did not answer, or cannot say.</summary>
public sealed record TargetFailed(string Reason) : FailoverInput;

/// <summary>An operator has thought better of it.</summary>
public sealed record AbortOrdered : FailoverInput;

/// <summary>Time has passed.</summary>
public sealed record TimePassed : FailoverInput;

/// <summary>The topology has promoted the target.</summary>
public sealed record Promoted : FailoverInput;

/// <summary>The topology has refused, and changed nothing.</summary>
public sealed record PromotionRefused(string Reason) : FailoverInput;

/// <summary>The topology has not answered: it may or may not have done what it was asked for.</summary>
public sealed record NoAnswer(string Reason) : FailoverInput;

/// <summary>The present primary reigns, in a new epoch.</summary>
public sealed record ReignKept : FailoverInput;

/// <summary>Somebody else reigns.</summary>
public sealed record ReignEnded(string Primary) : FailoverInput;

/// <summary>
/// Decides the steps of a planned change of one shard's primary. Pure. It belongs to the primary, which has paused its writes, and is the only one to let them go on:
/// <list type="bullet">
/// <item>Until the topology is asked for the promotion, the primary alone decides; it can give up at any moment, and nothing is lost.</item>
/// <item>Once it is asked, only its answer tells who reigns. When none comes, writes go on waiting, and the primary asks for a new reign of its own: that is granted only while nobody
/// was promoted, and a promotion that is still on its way is refused afterwards, for its epoch is over.</item>
/// </list>
/// So there is no moment at which writes are accepted that the next reign may lack, except by FORCE.
/// </summary>
/// <param name="target">The node that is to become primary.</param>
/// <param name="wanted">Where the primary stands; it writes no more.</param>
/// <param name="deadline">Until when the target may take to come there.</param>
/// <param name="force">Promote it after the deadline all the same.</param>
public sealed class FailoverMachine(string target, LogPosition wanted, TimeSpan deadline, bool force)
{
    private LogPosition? heard;
    private string lastFailure = "";
    private bool aborted;

    /// <summary>What to do next.</summary>
    public FailoverStep Next { get; private set; } = FailoverStep.AskTarget;

    /// <summary>The phase, for operators.</summary>
    public FailoverPhase Phase => Next switch
    {
        FailoverStep.AskTarget => FailoverPhase.WaitingForSync,
        FailoverStep.End => FailoverPhase.NoFailover,
        _ => FailoverPhase.InProgress,
    };

    /// <summary>It has ended, and the target is primary.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>What it waits for, or why it has failed.</summary>
    public string Reason { get; private set; } = $"waits until '{target}' stands at {wanted}";

    /// <summary>Takes in what has happened.</summary>
    /// <param name="input">What.</param>
    /// <param name="now">The time since the hand-over began.</param>
    public void Step(FailoverInput input, TimeSpan now)
    {
        switch (Next)
        {
            case FailoverStep.AskTarget:
                WhileWaiting(input, now);
                break;
            case FailoverStep.Promote:
                WhilePromoting(input);
                break;
            case FailoverStep.KeepReign:
                WhileUnknown(input);
                break;
            default:
                // An answer that comes too late is about nothing any more.
                break;
        }
    }

    private void WhileWaiting(FailoverInput input, TimeSpan now)
    {
        switch (input)
        {
            case TargetAt at when at.Position == wanted:
                Go(FailoverStep.Promote, $"'{target}' has everything; the topology is asked to promote it");
                return;
            case TargetAt at:
                heard = at.Position;
                lastFailure = "";
                Reason = $"'{target}' stands at {at.Position}, and is awaited at {wanted}";
                break;
            case TargetFailed failure:
                lastFailure = failure.Reason;
                break;
            case AbortOrdered:
                End(succeeded: false, "Failover manually aborted.");
                return;
        }

        if (now < deadline)
        {
            return;
        }

        if (force && heard is { } lacking)
        {
            Go(FailoverStep.Promote, $"'{target}' stands at {lacking} only, not at {wanted}; it is promoted by force, and the rest is lost");
        }
        else
        {
            End(succeeded: false, $"Replica never caught up before timeout: '{target}' {(heard is { } at ? $"stands at {at}" : "was not heard of")}, the primary at {wanted}.{(lastFailure.Length > 0 ? $" {lastFailure}" : "")}");
        }
    }

    private void WhilePromoting(FailoverInput input)
    {
        switch (input)
        {
            case Promoted:
                End(succeeded: true, "");
                break;
            case PromotionRefused refusal:
                End(succeeded: false, refusal.Reason);
                break;
            case NoAnswer failure:
                Go(FailoverStep.KeepReign, $"the topology has not answered, and writes wait until it says who reigns: {failure.Reason}");
                break;
            case AbortOrdered:
                // Too late to be sure; the answer that is awaited says whether it was.
                aborted = true;
                break;
        }
    }

    private void WhileUnknown(FailoverInput input)
    {
        switch (input)
        {
            case ReignKept:
                End(succeeded: false, aborted ? "Failover manually aborted." : "The topology did not answer in time; the old primary reigns on.");
                break;
            case ReignEnded ended:
                End(ended.Primary == target, ended.Primary == target ? "" : $"'{ended.Primary}' has become primary meanwhile.");
                break;
            case AbortOrdered:
                aborted = true;
                break;
            case NoAnswer failure:
                Reason = $"the topology has not answered, and writes wait until it says who reigns: {failure.Reason}";
                break;
        }
    }

    private void Go(FailoverStep step, string reason)
    {
        Next = step;
        Reason = reason;
    }

    private void End(bool succeeded, string reason)
    {
        Next = FailoverStep.End;
        Succeeded = succeeded;
        Reason = reason;
    }
}
