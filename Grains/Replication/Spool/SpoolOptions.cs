namespace Sluice.Replication;

/// <summary>How a spool uses the disk.</summary>
public sealed record SpoolOptions
{
    /// <summary>Bytes of a segment, which ends with the record that reaches it. What is applied goes away by whole segments, and after a crash the last one is read.</summary>
    public int SegmentBytes { get; init; } = 8 << 20;

    /// <summary>Bytes that the spool leaves free on its file system for others, but at most a twentieth of it: the database has to go on, whatever the spool would take.</summary>
    public long ReserveBytes { get; init; } = 256 << 20;

    /// <summary>Bytes after which what was appended is made durable.</summary>
    public int SyncBytes { get; init; } = 4 << 20;

    /// <summary>The time after which it is made durable at the latest: so long may the source wait for an acknowledgement.</summary>
    public TimeSpan SyncEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Called before each change of the disk, with its name: a test's fault.</summary>
    internal Action<string>? BeforeDisk { get; init; }
}

/// <summary>What a spool holds.</summary>
/// <param name="First">Its first sequence.</param>
/// <param name="Last">Its last sequence.</param>
/// <param name="Epoch">The epoch that wrote the last one.</param>
public sealed record SpoolRange(long First, long Last, long Epoch);
