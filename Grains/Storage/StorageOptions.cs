namespace Sluice.Storage;

/// <summary>When acknowledged writes are made to survive a crash of the machine (they survive one of the process in any case).</summary>
public enum FsyncPolicy
{
    /// <summary>Before the reply. Writes that wait at the same time share one fsync.</summary>
    Always = 0,

    /// <summary>Once a second, in the background: a crash of the machine loses at most about the last second.</summary>
    EverySecond = 1,

    /// <summary>When the operating system sees fit.</summary>
    No = 2,
}

/// <summary>What a node's storage may take. Fixed while the node runs.</summary>
public sealed record StorageEngineOptions
{
    /// <summary>Bytes of the cache of blocks, indexes and filters that all partitions of the node share.</summary>
    public long BlockCacheBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of memtables that all partitions of the node may hold together. Each partition gets its share for two memtables (one is filled while the other is flushed), of 4 to 64 MiB
    /// each: below 4 MiB, files become so small that their number costs more than the memory saves; above 64 MiB, opening after a crash takes long.
    /// </summary>
    public long MemtableBytes { get; init; } = 256L << 20;

    /// <summary>Partitions that the node is expected to hold: 1 or more.</summary>
    public int Partitions { get; init; } = 16;

    /// <summary>Flushes and compactions that run at the same time.</summary>
    public int BackgroundJobs { get; init; } = 2;

    /// <summary>Table files that one partition keeps open.</summary>
    public int MaxOpenFiles { get; init; } = 256;

    /// <summary>Bytes of one memtable of a partition.</summary>
    public long WriteBufferBytes => Math.Clamp(MemtableBytes / Math.Max(Partitions, 1) / 2, 4L << 20, 64L << 20);
}

/// <summary>How one partition is opened.</summary>
public sealed record PartitionOptions
{
    /// <summary>The database's directory; made if it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>The node's engine.</summary>
    public required StorageEngine Engine { get; init; }

    /// <summary>The shard and the node: for messages.</summary>
    public required ReplicaKey Key { get; init; }

    /// <summary>How many shards there are: 1 to 16,384.</summary>
    public int ShardCount { get; init; } = 1;

    /// <summary>The first epoch; that of <see cref="Log.PartitionLog.Epoch"/> changes it.</summary>
    public long Epoch { get; init; }

    /// <summary>The first fsync policy; <see cref="Partition.Fsync"/> changes it.</summary>
    public FsyncPolicy Fsync { get; init; } = FsyncPolicy.EverySecond;

    /// <summary>
    /// Bytes of write-ahead log that are kept beyond what recovery needs, for followers that fall behind; <see cref="Partition.LogRetentionBytes"/> changes it. The default of 256 MiB
    /// for each of 16 shards lets a replica be away for more than half an hour when the node is written at 2 MB/s, and costs at most 4 GiB of disk.
    /// A full copy does not need it: it spools the log from its beginning on.
    /// </summary>
    public long LogRetentionBytes { get; init; } = DefaultLogRetentionBytes;

    /// <summary>The seed of what RANDOMKEY draws.</summary>
    public int RandomSeed { get; init; }

    /// <summary>The default of <see cref="LogRetentionBytes"/>.</summary>
    public const long DefaultLogRetentionBytes = 256L << 20;
}
