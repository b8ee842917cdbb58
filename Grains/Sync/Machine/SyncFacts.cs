namespace Sluice.Sync;

/// <summary>What a replica's disk holds.</summary>
/// <param name="Live">Where the live database stands; epoch 0: there is no data yet.</param>
/// <param name="InstalledSnapshot">The snapshot that the live database was installed from; empty when it was not.</param>
/// <param name="Staged">What the staging directory's journal tells; null when there is none that can be gone on with.</param>
/// <param name="Spool">What the spool holds; null: nothing.</param>
public sealed record SyncFacts(LogPosition Live, Guid InstalledSnapshot, StagedFacts? Staged, SpoolFacts? Spool);

/// <summary>A copy that is being received.</summary>
/// <param name="Source">The node that it comes from.</param>
/// <param name="Lease">The lease of the snapshot there.</param>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Position">Where the snapshot stands.</param>
/// <param name="IsWhole">All bytes are here.</param>
public sealed record StagedFacts(string Source, Guid Lease, Guid Snapshot, LogPosition Position, bool IsWhole);

/// <summary>Log that was received beside a copy, and is durable.</summary>
/// <param name="First">Its first sequence.</param>
/// <param name="End">Its last sequence, and the epoch that wrote it.</param>
public sealed record SpoolFacts(long First, LogPosition End)
{
    /// <summary>Whether it goes on, without a gap, where a position ends, and has more.</summary>
    public bool GoesOnFrom(LogPosition position) => First <= position.Sequence + 1 && End.Sequence > position.Sequence;
}
