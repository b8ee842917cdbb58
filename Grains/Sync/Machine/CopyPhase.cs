namespace Sluice.Sync;

/// <summary>What a copy is at.</summary>
internal enum CopyPhase
{
    /// <summary>There is no copy.</summary>
    None,

    /// <summary>The broker is asked for admission.</summary>
    Queueing,

    /// <summary>A snapshot is asked for.</summary>
    Opening,

    /// <summary>The manifest comes.</summary>
    Listing,

    /// <summary>The staging directory is made ready.</summary>
    Preparing,

    /// <summary>The source is told which files are wanted.</summary>
    Choosing,

    /// <summary>Files come.</summary>
    Staging,

    /// <summary>What is staged is checked.</summary>
    Verifying,

    /// <summary>The primary is asked whether the snapshot is of its history.</summary>
    Confirming,

    /// <summary>The copy replaces the live data.</summary>
    Installing,
}
