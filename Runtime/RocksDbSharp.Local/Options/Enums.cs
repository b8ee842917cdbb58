namespace RocksDbSharp;

/// <summary>How blocks of table files are compressed. Debian's build has all of these but Xpress.</summary>
public enum Compression
{
    /// <summary>Not at all.</summary>
    No = 0,

    /// <summary>Snappy.</summary>
    Snappy = 1,

    /// <summary>Zlib.</summary>
    Zlib = 2,

    /// <summary>Bzip2.</summary>
    Bz2 = 3,

    /// <summary>LZ4.</summary>
    Lz4 = 4,

    /// <summary>LZ4, compressing slower and smaller.</summary>
    Lz4hc = 5,

    /// <summary>Windows only.</summary>
    Xpress = 6,

    /// <summary>Zstandard.</summary>
    Zstd = 7,
}

/// <summary>How tables are merged.</summary>
public enum Compaction
{
    /// <summary>Level by level: least space, most rewriting.</summary>
    Level = 0,

    /// <summary>Universal: less rewriting, more space.</summary>
    Universal = 1,

    /// <summary>Oldest files are deleted.</summary>
    Fifo = 2,
}

/// <summary>What is done about a write-ahead log that ends in the middle of a record, or is corrupt, when the database is opened.</summary>
public enum Recovery
{
    /// <summary>Cut off an incomplete end; refuse anything else.</summary>
    TolerateCorruptedTailRecords = 0,

    /// <summary>Refuse.</summary>
    AbsoluteConsistency = 1,

    /// <summary>Stop at the first damage, so that what is there is a prefix of what was written. RocksDB's default.</summary>
    PointInTime = 2,

    /// <summary>Leave out what is damaged, and go on.</summary>
    SkipAnyCorruptedRecords = 3,
}

/// <summary>The least important messages that RocksDB still writes to its LOG file.</summary>
public enum InfoLogLevel
{
    /// <summary>Everything.</summary>
    Debug,

    /// <summary>What it does.</summary>
    Info,

    /// <summary>Warnings and worse.</summary>
    Warn,

    /// <summary>Errors and worse.</summary>
    Error,

    /// <summary>Only what ends it.</summary>
    Fatal,

    /// <summary>Only the header.</summary>
    Header,
}
