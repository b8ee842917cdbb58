namespace Sluice.Sync;

/// <summary>What a sync remembers over a restart of its node.</summary>
[GenerateSerializer, Alias("Sluice.SyncRecord")]
public sealed class SyncRecord
{
    /// <summary>Whom to follow; null: nobody.</summary>
    [Id(0)]
    public SyncOrder? Order { get; set; }

    /// <summary>The epoch whose history the installed data belongs to; 0: there is no whole copy here.</summary>
    [Id(1)]
    public long InstalledEpoch { get; set; }

    /// <summary>A full copy was ordered and is not done (REPLICAOF ... FORCE).</summary>
    [Id(2)]
    public bool CopyOrdered { get; set; }

    /// <summary>The state that the sync was in when it was last written: what an operator finds after a crash.</summary>
    [Id(3)]
    public SyncState State { get; set; }
}
