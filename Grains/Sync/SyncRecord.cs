namespace Sluice.Sync;

/// <summary>What a sync remembers over a restart of its node.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.SyncRecord")]
public sealed record SyncRecord
{
    /// <summary>Whom to follow; null: nobody.</summary>
    [Id(0)] public SyncOrder? Order { get; init; }

    /// <summary>The highest epoch of any order that was accepted: an older one is out of date.</summary>
    [Id(1)] public long Epoch { get; init; }

    /// <summary>Why a full copy is under way.</summary>
    [Id(2)] public CopyReason Copy { get; init; }

    /// <summary>The epoch in which <see cref="Copy"/> was decided upon: the primary of another one is asked first whether the log will not do after all.</summary>
    [Id(3)] public long CopyEpoch { get; init; }

    /// <summary>The copy whose installation was begun; null: none. If the live data is of its snapshot, the installation is done.</summary>
    [Id(4)] public BegunInstallation? Installing { get; init; }

    /// <summary>The latest epoch in which the replica was live with the data that it holds; 0: it never was.</summary>
    [Id(5)] public long LiveEpoch { get; init; }

    /// <summary>The state that the sync was in when this was written: what an operator finds after a crash.</summary>
    [Id(6)] public SyncState State { get; init; }

    /// <summary>Why this replica must not be promoted; empty when it may be. It may be when its data is whole, was live in this or an earlier epoch, and no full copy is under way.</summary>
    public string WhyNotPromotable() => this switch
    {
        { Copy: not CopyReason.None } => $"a full copy is under way ({Copy}): what it holds is not the shard's present data",
        { LiveEpoch: 0 } => "it has never been live with the data that it holds",
        _ => "",
    };
}

/// <summary>An installation that was begun.</summary>
/// <param name="Snapshot">The snapshot that is installed.</param>
/// <param name="Source">The node that it came from.</param>
/// <param name="Lease">Its lease there, to be given back.</param>
[GenerateSerializer, Immutable, Alias("Sluice.BegunInstallation")]
public sealed record BegunInstallation([property: Id(0)] Guid Snapshot, [property: Id(1)] string Source, [property: Id(2)] Guid Lease);
