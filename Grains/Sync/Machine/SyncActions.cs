namespace Sluice.Sync;

/// <summary>
/// What a <see cref="SyncMachine"/> wants done. The actions of one step are carried out in their order: one without an answer is over before the next one begins; a <see cref="SyncOperation"/> is only begun.
/// </summary>
public abstract record SyncAction;

/// <summary>Write the record; durable before anything after it is done.</summary>
public sealed record Persist(SyncRecord Record) : SyncAction;

/// <summary>Tell operators where the sync stands.</summary>
/// <param name="State">The state.</param>
/// <param name="Detail">What it does or waits for, and why.</param>
/// <param name="Attempt">1 for the first attempt of this order.</param>
/// <param name="Error">What ended the last attempt; empty when nothing did, or when the replica is live.</param>
public sealed record Tell(SyncState State, string Detail, int Attempt, string Error) : SyncAction;

/// <summary>Step with <see cref="TimePassed"/> at that time; null: there is nothing to wait for. It replaces an earlier one.</summary>
public sealed record Wait(TimeSpan? Until) : SyncAction;

/// <summary>The order is not carried out: whoever gave it is told why.</summary>
public sealed record Refuse(string Reason) : SyncAction;

/// <summary>End the stream of files, and close the staging directory: what is durable there stays. Nothing is done if there is none.</summary>
public sealed record StopStaging : SyncAction;

/// <summary>End the stream that is spooled, with all that came durable in the spool. Nothing is done if there is none.</summary>
public sealed record StopSpooling : SyncAction;

/// <summary>End <see cref="ApplySpool"/>.</summary>
public sealed record StopApplying : SyncAction;

/// <summary>End the stream that is applied.</summary>
public sealed record StopFollowing : SyncAction;

/// <summary>Delete the staging directory.</summary>
public sealed record DiscardStaging : SyncAction;

/// <summary>Delete the spool.</summary>
public sealed record DiscardSpool : SyncAction;

/// <summary>Give a lease back. Nobody waits for it: a lease that cannot be given back lapses.</summary>
public sealed record ReleaseLease(string Source, Guid Lease) : SyncAction;

/// <summary>Tell the broker that the full copy is over. Nobody waits for it.</summary>
public sealed record LeaveQueue : SyncAction;

/// <summary>
/// An action that is answered by a <see cref="SyncOutcome"/> with the same <see cref="Attempt"/>: its own, or <see cref="Failed"/>. The machine has given it up when it makes another request of the same line (see
/// <see cref="IsOfSpool"/>), or stops it: then the shell may drop it, and an answer that comes all the same is ignored. Only <see cref="Install"/> cannot be dropped: whatever touches the disk waits for its end.
/// </summary>
/// <param name="Attempt">Names the request; never used twice by one machine.</param>
public abstract record SyncOperation(int Attempt) : SyncAction
{
    /// <summary>Requests of the spool's line go on beside those of the main line.</summary>
    public bool IsOfSpool { get; init; }
}

/// <summary>Look at the disk; answered by <see cref="Surveyed"/>.</summary>
public sealed record Survey(int Attempt) : SyncOperation(Attempt);

/// <summary>Ask a node whether its log goes on where a position ends (<c>IShardGrain.OfferLog</c>); answered by <see cref="Judged"/>.</summary>
public sealed record AskVerdict(int Attempt, string Source, LogPosition Position) : SyncOperation(Attempt);

/// <summary>Ask the broker for the admission of a full copy; answered by <see cref="Admitted"/> or <see cref="Queued"/>. A broker that does not answer admits.</summary>
public sealed record AskAdmission(int Attempt, string Source) : SyncOperation(Attempt);

/// <summary>Ask for a snapshot; answered by <see cref="Opened"/> or <see cref="NotYet"/>.</summary>
public sealed record OpenSnapshot(int Attempt, string Source) : SyncOperation(Attempt);

/// <summary>Fetch a snapshot's manifest; what came of it in an earlier attempt need not come again. Answered by <see cref="Listed"/>.</summary>
public sealed record FetchManifest(int Attempt, string Source, Guid Lease) : SyncOperation(Attempt);

/// <summary>
/// Make the staging directory ready for a lease's snapshot: go on with what a journal of this lease tells, having read it back; or, after <see cref="FetchManifest"/>, begin anew with the files that are held already, staged or live.
/// Answered by <see cref="Prepared"/>.
/// </summary>
public sealed record PrepareStaging(int Attempt, string Source, Guid Lease) : SyncOperation(Attempt);

/// <summary>Tell the source which files are wanted, as the staging directory has it; renews the lease. Answered by <see cref="Chosen"/>.</summary>
public sealed record ChooseFiles(int Attempt, string Source, Guid Lease) : SyncOperation(Attempt);

/// <summary>Receive files into the staging directory from its durable position on; answered by <see cref="Staged"/>, or by <see cref="StagingEnded"/> when it breaks off.</summary>
public sealed record Stage(int Attempt, string Source, Guid Lease) : SyncOperation(Attempt);

/// <summary>Receive the log behind a position into the spool; answered by <see cref="SpoolEnded"/> when it breaks off.</summary>
public sealed record Spool(int Attempt, string Source, LogPosition After) : SyncOperation(Attempt);

/// <summary>Check what is staged: every file, and that the database opens where its manifest says; answered by <see cref="Verified"/>. A file that is not what it should be is forgotten before it is <see cref="SyncFailure.Corrupt"/>.</summary>
public sealed record Verify(int Attempt) : SyncOperation(Attempt);

/// <summary>Put what is staged in the place of the live data; answered by <see cref="Installed"/>.</summary>
/// <param name="Attempt">Names the request.</param>
/// <param name="KeepOld">The old data is of another history: it is kept aside.</param>
public sealed record Install(int Attempt, bool KeepOld) : SyncOperation(Attempt);

/// <summary>Apply what is in the spool from the live position on, until nothing is left there; answered by <see cref="SpoolApplied"/>. The spool may grow meanwhile.</summary>
public sealed record ApplySpool(int Attempt) : SyncOperation(Attempt);

/// <summary>Receive the log behind a position and apply it; answered by <see cref="Followed"/> whenever lag is told, and by <see cref="FollowEnded"/> when it breaks off.</summary>
public sealed record Follow(int Attempt, string Source, LogPosition After) : SyncOperation(Attempt);
