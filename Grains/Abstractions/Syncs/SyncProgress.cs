namespace Sluice;

/// <summary>The states of a sync, in the order of a full copy's life (design.md, section 2).</summary>
[GenerateSerializer, Alias("Sluice.SyncState")]
public enum SyncState
{
    /// <summary>Follows nobody.</summary>
    Idle = 0,

    /// <summary>Waits for the broker's admission, or for its next attempt.</summary>
    Pending = 1,

    /// <summary>The primary makes or shares a snapshot.</summary>
    Opening = 2,

    /// <summary>Files arrive.</summary>
    Copying = 3,

    /// <summary>Checksums and the staged database are verified.</summary>
    Verifying = 4,

    /// <summary>The copy replaces the live data.</summary>
    Installing = 5,

    /// <summary>The log is applied; lag is not yet small.</summary>
    CatchingUp = 6,

    /// <summary>The replica follows the primary closely.</summary>
    Live = 7,
}

/// <summary>Where a sync stands. Rates and sizes in bytes.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.SyncProgress")]
public sealed record SyncProgress
{
    [Id(0)] public required ReplicaKey Replica { get; init; }
    [Id(1)] public string Source { get; init; } = "";
    [Id(2)] public SyncState State { get; init; }

    /// <summary>The QoS class.</summary>
    [Id(3)] public string Class { get; init; } = "";

    /// <summary>Payload of the full copy; 0 before the manifest is known or when no full copy was needed.</summary>
    [Id(4)] public long TotalBytes { get; init; }

    /// <summary>Payload that has arrived.</summary>
    [Id(5)] public long ReceivedBytes { get; init; }

    /// <summary>Payload that would survive a crash.</summary>
    [Id(6)] public long DurableBytes { get; init; }

    /// <summary>Bytes received from the wire for this full copy, frame headers and repeated data included.</summary>
    [Id(7)] public long WireBytes { get; init; }

    /// <summary>Payload per second at present.</summary>
    [Id(8)] public long BytesPerSecond { get; init; }

    /// <summary>The flow's pacing rate in bytes per second; 0 when it has no limit or is not known yet.</summary>
    [Id(9)] public long GrantBytesPerSecond { get; init; }

    /// <summary>The time that is left at the present rate; null when it cannot be told.</summary>
    [Id(10)] public TimeSpan? Eta { get; init; }

    /// <summary>1 for the first attempt.</summary>
    [Id(11)] public int Attempt { get; init; }

    /// <summary>What ended the last attempt; empty when nothing did.</summary>
    [Id(12)] public string LastError { get; init; } = "";

    /// <summary>Why it waits, or what it is doing, in one short sentence for a person.</summary>
    [Id(13)] public string Detail { get; init; } = "";

    /// <summary>How many sequences the replica is behind; -1 when not known.</summary>
    [Id(14)] public long LagSequences { get; init; } = -1;

    /// <summary>When this sync began; null when idle.</summary>
    [Id(15)] public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When data last arrived; null when none did.</summary>
    [Id(16)] public DateTimeOffset? LastDataAt { get; init; }

    /// <summary>When the replica last became live; null when it never did.</summary>
    [Id(17)] public DateTimeOffset? LiveAt { get; init; }

    /// <summary>How many full copies this replica has completed since its node started.</summary>
    [Id(18)] public long FullCopies { get; init; }

    /// <summary>An operator has paused it while it copies; <see cref="Detail"/> says until when.</summary>
    [Id(19)] public bool IsPaused { get; init; }

    /// <summary>Payload of the full copy that need not be sent, because it is here already: staged by an earlier attempt, or live.</summary>
    [Id(20)] public long HeldBytes { get; init; }

    /// <summary>What the log that came beside the full copy, and is not applied yet, takes on this replica's disk.</summary>
    [Id(21)] public long SpoolBytes { get; init; }

    /// <summary>Why this replica must not be promoted; empty when it may be: its data is whole, was live in this or an earlier epoch, and no full copy is under way.</summary>
    [Id(22)] public string WhyNotPromotable { get; init; } = "";

    /// <summary>Why a full copy is under way.</summary>
    [Id(23)] public CopyReason Copy { get; init; }

    /// <summary>How many bytes of log the replica is behind; at least so many.</summary>
    [Id(24)] public long LagBytes { get; init; }

    /// <summary>How long ago the oldest record was written that the replica lacks.</summary>
    [Id(25)] public TimeSpan Lag { get; init; }
}

/// <summary>Why a full copy is needed. Persisted: values are never used anew.</summary>
[GenerateSerializer, Alias("Sluice.CopyReason")]
public enum CopyReason
{
    /// <summary>None is.</summary>
    None = 0,

    /// <summary>There is no data yet.</summary>
    NoData = 1,

    /// <summary>The primary's log no longer reaches back to what is held.</summary>
    LogTruncated = 2,

    /// <summary>What is held is of another history than the primary's.</summary>
    Diverged = 3,

    /// <summary>An operator ordered it (REPLICAOF ... FORCE).</summary>
    Forced = 4,
}
