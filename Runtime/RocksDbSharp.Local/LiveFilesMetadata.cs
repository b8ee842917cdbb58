using System.Diagnostics.CodeAnalysis;

namespace RocksDbSharp;

/// <summary>A table file of an open database.</summary>
[SuppressMessage("Design", "CA1051", Justification = "The fields are RocksDbSharp's.")]
public class LiveFileMetadata
{
    /// <summary>The file itself.</summary>
    public FileMetadata FileMetadata = new();

    /// <summary>What is in it; null if only files were asked for.</summary>
    public FileDataMetadata? FileDataMetadata;
}

/// <summary>A table file itself.</summary>
[SuppressMessage("Design", "CA1051", Justification = "The fields are RocksDbSharp's.")]
public class FileMetadata
{
    /// <summary>The name below the database's directory, with a leading slash.</summary>
    public string FileName = "";

    /// <summary>The level, from 0.</summary>
    public int FileLevel;

    /// <summary>Bytes.</summary>
    public ulong FileSize;
}

/// <summary>The contents of a table file.</summary>
[SuppressMessage("Design", "CA1051", Justification = "The fields are RocksDbSharp's.")]
public class FileDataMetadata
{
    /// <summary>The least key, as UTF-8 text up to its first zero byte.</summary>
    public string SmallestKeyInFile = "";

    /// <summary>The greatest key, as UTF-8 text up to its first zero byte.</summary>
    public string LargestKeyInFile = "";

    /// <summary>Entries, deletions included.</summary>
    public ulong NumEntriesInFile;

    /// <summary>Deletions.</summary>
    public ulong NumDeletionsInFile;
}
