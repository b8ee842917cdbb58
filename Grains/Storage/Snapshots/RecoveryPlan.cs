using System.Collections.Immutable;

namespace Sluice.Storage.Snapshots;

/// <summary>One step of putting a replica's directories in order. Each is one rename or one deletion, and can be repeated after a crash in its middle.</summary>
internal enum RecoveryStep
{
    /// <summary>Delete what is left of the data that was replaced.</summary>
    DeleteOld,

    /// <summary>Move the live data out of the way: <c>live</c> becomes <c>old</c>.</summary>
    RetireLive,

    /// <summary>Keep the live data aside: <c>live</c> becomes <c>diverged-...</c>.</summary>
    KeepLive,

    /// <summary>Put the new data in its place: <c>incoming</c> becomes <c>live</c>.</summary>
    PromoteIncoming,

    /// <summary>Bring the retired data back: <c>old</c> becomes <c>live</c>.</summary>
    RestoreOld,
}

/// <summary>
/// What is to be done with a replica's directories after a crash, or once a copy has become <c>incoming</c>. That rename is the moment of decision: before it, the
/// old data stays; after it, the new data will replace it, whatever happens. Whether the old data is kept aside was decided by the same rename: the name says so. Pure.
/// </summary>
internal static class RecoveryPlan
{
    /// <summary>The steps, from which directories are there.</summary>
    /// <param name="live">There is live data.</param>
    /// <param name="incoming">There is a copy that is decided upon.</param>
    /// <param name="keepsOld">Its name says that the data that it replaces is kept.</param>
    /// <param name="old">There is data that was replaced.</param>
    public static ImmutableArray<RecoveryStep> Of(bool live, bool incoming, bool keepsOld, bool old) => (live, incoming, old) switch
    {
        // The copy is decided upon, and not in its place yet.
        (true, true, true) => keepsOld
            ? [RecoveryStep.DeleteOld, RecoveryStep.KeepLive, RecoveryStep.PromoteIncoming]
            : [RecoveryStep.DeleteOld, RecoveryStep.RetireLive, RecoveryStep.PromoteIncoming, RecoveryStep.DeleteOld],
        (true, true, false) => keepsOld
            ? [RecoveryStep.KeepLive, RecoveryStep.PromoteIncoming]
            : [RecoveryStep.RetireLive, RecoveryStep.PromoteIncoming, RecoveryStep.DeleteOld],
        (false, true, true) => [RecoveryStep.PromoteIncoming, RecoveryStep.DeleteOld],
        (false, true, false) => [RecoveryStep.PromoteIncoming],

        // It is in its place, and the old data not deleted yet.
        (true, false, true) => [RecoveryStep.DeleteOld],

        // No crash leads here, only somebody who deleted directories; what is left is better than nothing.
        (false, false, true) => [RecoveryStep.RestoreOld],
        _ => [],
    };
}
