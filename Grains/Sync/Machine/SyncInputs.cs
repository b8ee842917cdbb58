namespace Sluice.Sync;

/// <summary>What a <see cref="SyncMachine"/> is told.</summary>
public abstract record SyncInput;

/// <summary>The process has started: this is what was written last. The first input, once.</summary>
public sealed record Recovered(SyncRecord Record) : SyncInput;

/// <summary>Follow a primary. The same order again changes nothing; one of an older epoch is refused.</summary>
public sealed record Ordered(SyncOrder Order) : SyncInput;

/// <summary>Follow nobody any more. What is installed stays, what is under way is thrown away.</summary>
public sealed record StopOrdered : SyncInput;

/// <summary>Time has passed.</summary>
public sealed record TimePassed : SyncInput;

/// <summary>The answer to a <see cref="SyncOperation"/>.</summary>
/// <param name="Attempt">The request's.</param>
public abstract record SyncOutcome(int Attempt) : SyncInput;

/// <summary>What the disk holds.</summary>
public sealed record Surveyed(int Attempt, SyncFacts Facts) : SyncOutcome(Attempt);

/// <summary>A source's verdict.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Verdict">Whether its log goes on there.</param>
/// <param name="Epoch">The epoch that the source is in.</param>
/// <param name="Reason">Why, for a person.</param>
public sealed record Judged(int Attempt, LogVerdict Verdict, long Epoch, string Reason) : SyncOutcome(Attempt);

/// <summary>The copy may begin.</summary>
public sealed record Admitted(int Attempt) : SyncOutcome(Attempt);

/// <summary>The copy has to wait for others.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Why">At which place, and why.</param>
/// <param name="AskAfter">When to ask again.</param>
public sealed record Queued(int Attempt, string Why, TimeSpan AskAfter) : SyncOutcome(Attempt);

/// <summary>There is a snapshot, and a lease of it.</summary>
public sealed record Opened(int Attempt, Guid Lease, LogPosition Position) : SyncOutcome(Attempt);

/// <summary>The snapshot is not there yet.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Why">Why, for a person; empty: it is being made.</param>
public sealed record NotYet(int Attempt, string Why) : SyncOutcome(Attempt);

/// <summary>The manifest is here.</summary>
public sealed record Listed(int Attempt) : SyncOutcome(Attempt);

/// <summary>The staging directory is ready.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Staged">What it holds.</param>
public sealed record Prepared(int Attempt, StagedFacts Staged) : SyncOutcome(Attempt);

/// <summary>The source has heard which files are wanted; or it has the snapshot no more.</summary>
public sealed record Chosen(int Attempt, bool IsHeld) : SyncOutcome(Attempt);

/// <summary>All files are here, and durable.</summary>
public sealed record Staged(int Attempt) : SyncOutcome(Attempt);

/// <summary>The stream of files broke off.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Failure">Why.</param>
/// <param name="Reason">Why, for a person.</param>
/// <param name="Advanced">Something became durable meanwhile.</param>
public sealed record StagingEnded(int Attempt, SyncFailure Failure, string Reason, bool Advanced) : SyncOutcome(Attempt);

/// <summary>The stream that is spooled broke off.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Failure">Why.</param>
/// <param name="Reason">Why, for a person.</param>
/// <param name="Durable">Where the spool ends, durable; the position that it was to begin behind if nothing came.</param>
public sealed record SpoolEnded(int Attempt, SyncFailure Failure, string Reason, LogPosition Durable) : SyncOutcome(Attempt);

/// <summary>What is staged is whole.</summary>
public sealed record Verified(int Attempt) : SyncOutcome(Attempt);

/// <summary>The copy is live.</summary>
public sealed record Installed(int Attempt, LogPosition Position) : SyncOutcome(Attempt);

/// <summary>Nothing is left in the spool that is not applied and durable.</summary>
public sealed record SpoolApplied(int Attempt, LogPosition Position) : SyncOutcome(Attempt);

/// <summary>Log was applied, or the source said that there is none.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Lag">How many sequences the replica is behind.</param>
public sealed record Followed(int Attempt, long Lag) : SyncOutcome(Attempt);

/// <summary>The stream that is applied broke off.</summary>
public sealed record FollowEnded(int Attempt, SyncFailure Failure, string Reason, bool Advanced) : SyncOutcome(Attempt);

/// <summary>The request could not be carried out.</summary>
/// <param name="Attempt">The request's.</param>
/// <param name="Failure">Of which kind it was.</param>
/// <param name="Reason">Why, for a person.</param>
public sealed record Failed(int Attempt, SyncFailure Failure, string Reason) : SyncOutcome(Attempt);

/// <summary>Why something could not be done.</summary>
public enum SyncFailure
{
    /// <summary>The other node, or the network, does not answer, broke off or stalled.</summary>
    Unreachable,

    /// <summary>The other node answers, and will not: wrong role, busy, no room.</summary>
    Refused,

    /// <summary>The source's log no longer reaches back so far.</summary>
    Truncated,

    /// <summary>The source has the snapshot no more.</summary>
    LeaseGone,

    /// <summary>This node's disk is full.</summary>
    DiskFull,

    /// <summary>Data is not what it should be: a file that is staged, the manifest, a record of the spool.</summary>
    Corrupt,

    /// <summary>What is staged is whole, and yet no database that could be installed.</summary>
    Unusable,

    /// <summary>Something else, of this node.</summary>
    Unexpected,
}
