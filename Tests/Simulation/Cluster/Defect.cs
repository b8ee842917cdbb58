namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// Deliberate defects. Each takes one rule of the engine away, in a few lines of the simulation's shells, or around a core's inputs and outputs. A simulator that does not see one of them does not watch that rule
/// (<see cref="DefectTests"/>).
/// </summary>
internal enum Defect
{
    /// <summary>None: the engine as it is.</summary>
    None,

    /// <summary>Staged bytes are acknowledged before they are synced.</summary>
    AckStagedBytesBeforeFsync,

    /// <summary>The staging journal tells of bytes that are not synced yet.</summary>
    JournalBeforeData,

    /// <summary>Log is acknowledged before it is synced.</summary>
    AckLogBeforeFsync,

    /// <summary>The spool's tail is acknowledged before it is synced.</summary>
    AckSpoolBeforeFsync,

    /// <summary>A write is acknowledged to its client before it is synced, although the fsync policy says "always".</summary>
    AckWriteBeforeFsync,

    /// <summary>What is spooled counts for WAIT as if it were applied.</summary>
    SpoolCountsForWait,

    /// <summary>A record of the log is left out.</summary>
    SkipRecord,

    /// <summary>A record of the log is applied twice.</summary>
    ApplyRecordTwice,

    /// <summary>A replica whose history differs is let go on.</summary>
    VerdictIgnoresEpoch,

    /// <summary>A replica is told that the log goes on where it does not reach back any more.</summary>
    VerdictIgnoresTruncation,

    /// <summary>The answer to an earlier question is taken for the answer to the present one.</summary>
    TakeStaleOutcome,

    /// <summary>A copy goes on one byte too far.</summary>
    ResumeAtWrongOffset,

    /// <summary>A copy begins anew with each connection.</summary>
    ResumeAtZero,

    /// <summary>A copy is installed without being checked.</summary>
    InstallBeforeVerify,

    /// <summary>An installation's files and renames are not synced.</summary>
    InstallWithoutSync,

    /// <summary>The live data is removed when a copy begins, to make room.</summary>
    RemoveLiveFirst,

    /// <summary>Files that are held already are linked without reading them back.</summary>
    LinkWithoutChecksum,

    /// <summary>Files that are held already are sent again.</summary>
    ForgetHeldFiles,

    /// <summary>A snapshot is shared although the log behind it is gone.</summary>
    ShareWithoutLog,

    /// <summary>A lease is given up while its replica uses it.</summary>
    DropLeaseInUse,

    /// <summary>A lease's age over a restart is what the wall clock says.</summary>
    TrustWallClock,

    /// <summary>Each request for a snapshot gets a lease of its own.</summary>
    LeasePerRequest,

    /// <summary>Any replica may be promoted.</summary>
    PromoteHalfCopied,

    /// <summary>Writes go on as soon as the promoted replica has reached the primary, before the topology has changed.</summary>
    UnpauseBeforeChange,

    /// <summary>A pause for a planned change ends with any news from the topology.</summary>
    UnpauseByAnyAssignment,

    /// <summary>The promoted replica is not waited for.</summary>
    PromoteBehind,

    /// <summary>A promotion does not look at the epoch that it expects, and does not raise it.</summary>
    PromoteInSameEpoch,

    /// <summary>A primary goes on after it has heard of a higher epoch.</summary>
    IgnoreFence,

    /// <summary>A primary goes on in its epoch after its machine has lost power.</summary>
    ReignOverPowerLoss,
}
