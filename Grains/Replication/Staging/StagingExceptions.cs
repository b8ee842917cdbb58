namespace Sluice.Replication;

/// <summary>A staged file is not what the manifest says: it cannot be installed, the copy begins anew.</summary>
[GenerateSerializer, Alias("Sluice.StagedFileCorruptException")]
public sealed class StagedFileCorruptException : Exception
{
    public StagedFileCorruptException() { }
    public StagedFileCorruptException(string message) : base(message) { }
    public StagedFileCorruptException(string message, Exception innerException) : base(message, innerException) { }
    public StagedFileCorruptException(string fileName, string message) : base(message) => FileName = fileName;

    /// <summary>The file's name, as in the manifest.</summary>
    [Id(0)]
    public string FileName { get; init; } = "";
}

/// <summary>The file system has no room for the copy. What was staged is kept: with more room the copy can go on.</summary>
[GenerateSerializer, Alias("Sluice.StagingSpaceException")]
public sealed class StagingSpaceException : Exception
{
    public StagingSpaceException() { }
    public StagingSpaceException(string message) : base(message) { }
    public StagingSpaceException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A staging directory's journal cannot be read: what lies in the directory means nothing to this program.</summary>
public sealed class StagingJournalException : Exception
{
    public StagingJournalException() { }
    public StagingJournalException(string message) : base(message) { }
    public StagingJournalException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>A newer program wrote it: it is refused, not thrown away. Otherwise the disk has damaged it, and the copy begins anew.</summary>
    public bool IsNewer { get; init; }
}
