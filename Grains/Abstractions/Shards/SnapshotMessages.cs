using System.Collections.Immutable;

namespace Sluice;

/// <summary>Asks a primary, or a live replica, for a snapshot on behalf of one sync.</summary>
/// <param name="Replica">The replica that will be built from it. It has one lease at the most: an earlier one ends when it gets another.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotRequest")]
public sealed record SnapshotRequest([property: Id(0)] ReplicaKey Replica);

/// <summary>
/// The answer to a <see cref="SnapshotRequest"/>: a few bytes, however many files there are. What the snapshot consists of comes over the data plane (<see cref="ReplicationStreams.Manifest"/>).
/// </summary>
/// <param name="Lease">Names the lease.</param>
/// <param name="Duration">The lease lapses when its replica was not heard of for so long.</param>
/// <param name="Position">Where the snapshot stands: the log goes on at the next sequence.</param>
/// <param name="DatabaseId">RocksDB's identity of the database that its files come from.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotOffer")]
public sealed record SnapshotOffer([property: Id(0)] Guid Lease, [property: Id(1)] TimeSpan Duration, [property: Id(2)] LogPosition Position, [property: Id(3)] string DatabaseId);

/// <summary>A snapshot that is kept for one sync until the lease is released or lapses.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotLease")]
public sealed record SnapshotLease
{
    /// <summary>Names the lease; the snapshot stream of this sync is <see cref="ReplicationStreams.Snapshot"/> of it.</summary>
    [Id(0)] public required Guid Id { get; init; }

    [Id(1)] public required SnapshotManifest Manifest { get; init; }

    /// <summary>Indexes into <see cref="SnapshotManifest.Files"/> of the files that will be sent, in the order in which they are sent.</summary>
    [Id(2)] public required ImmutableArray<int> Transfer { get; init; }

    /// <summary>The lease lapses when its replica was not heard of for so long.</summary>
    [Id(3)] public TimeSpan Duration { get; init; }

    /// <summary>Bytes that will be sent: the sizes of the files in <see cref="Transfer"/>.</summary>
    public long TransferBytes() => Transfer.Sum(index => Manifest.Files[index].Size);
}

/// <summary>What a snapshot consists of.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotManifest")]
public sealed record SnapshotManifest
{
    [Id(0)] public required Guid SnapshotId { get; init; }
    [Id(1)] public required int Shard { get; init; }
    [Id(2)] public long Epoch { get; init; }

    /// <summary>The sequence at which the snapshot stands: the log goes on at the next one.</summary>
    [Id(3)] public long Sequence { get; init; }

    /// <summary>RocksDB's identity of the database.</summary>
    [Id(4)] public string DatabaseId { get; init; } = "";

    [Id(5)] public required ImmutableArray<SnapshotFile> Files { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes() => Files.Sum(file => file.Size);

    /// <summary>Where the snapshot stands.</summary>
    public LogPosition Position() => new(Epoch, Sequence);
}

/// <summary>One file of a snapshot.</summary>
/// <param name="Name">The file's name, without any directory.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Crc32C">CRC-32C of the content (Castagnoli, RFC 3720).</param>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotFile")]
public sealed record SnapshotFile([property: Id(0)] string Name, [property: Id(1)] long Size, [property: Id(2)] uint Crc32C);

/// <summary>Tells a replica's ShardGrain to install what its sync has staged.</summary>
/// <param name="Manifest">What was staged.</param>
/// <param name="StagingDirectory">The directory that holds the files; it is on the same file system as the live one.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SnapshotInstallation")]
public sealed record SnapshotInstallation([property: Id(0)] SnapshotManifest Manifest, [property: Id(1)] string StagingDirectory)
{
    /// <summary>The data that it replaces is of another history, and is kept aside.</summary>
    [Id(2)] public bool KeepOld { get; init; }
}
