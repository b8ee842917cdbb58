namespace Sluice.Sync;

/// <summary>What a sync is at.</summary>
internal enum SyncPhase
{
    /// <summary>Nothing.</summary>
    Idle,

    /// <summary>The disk is looked at.</summary>
    Surveying,

    /// <summary>The primary is asked for its verdict on the live data.</summary>
    Judging,

    /// <summary>A full copy is under way: see <see cref="CopyPhase"/>.</summary>
    Copying,

    /// <summary>Log is applied: see <see cref="CatchUpPhase"/>.</summary>
    CatchingUp,
}

/// <summary>How log is applied.</summary>
internal enum CatchUpPhase
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The primary is asked for its verdict on a spool that leads on from the live data.</summary>
    Judging,

    /// <summary>The spool is applied while it grows.</summary>
    Applying,

    /// <summary>The spool grows no more, and its rest is applied.</summary>
    Draining,

    /// <summary>The log is applied as it comes.</summary>
    Following,
}
