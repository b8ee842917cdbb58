using System.Collections.Immutable;

namespace Sluice;

/// <summary>A replica's role.</summary>
[GenerateSerializer, Alias("Sluice.ReplicaRole")]
public enum ReplicaRole
{
    /// <summary>Not assigned to this node: serves nothing.</summary>
    None = 0,

    /// <summary>Accepts writes and feeds the others.</summary>
    Primary = 1,

    /// <summary>Follows the primary.</summary>
    Replica = 2,
}

/// <summary>What a replica is and holds.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.ShardStatus")]
public sealed record ShardStatus
{
    [Id(0)] public required ReplicaKey Key { get; init; }
    [Id(1)] public ReplicaRole Role { get; init; }

    /// <summary>The number of the shard's reign, from 1.</summary>
    [Id(2)] public long Epoch { get; init; }

    /// <summary>The primary's node; empty when unknown.</summary>
    [Id(3)] public string Primary { get; init; } = "";

    /// <summary>The position in the shard's log.</summary>
    [Id(4)] public long Sequence { get; init; }

    /// <summary>RocksDB's estimate of the number of keys.</summary>
    [Id(5)] public long EstimatedKeys { get; init; }

    /// <summary>Bytes of the live files on disk.</summary>
    [Id(6)] public long DiskBytes { get; init; }

    /// <summary>Replicas that follow this one at present.</summary>
    [Id(7)] public ImmutableArray<FollowerStatus> Followers { get; init; } = [];

    /// <summary>Snapshots kept on disk.</summary>
    [Id(8)] public int Snapshots { get; init; }

    /// <summary>Leases on these snapshots.</summary>
    [Id(20)] public int SnapshotLeases { get; init; }

    /// <summary>Bytes that these snapshots hold on disk beyond the live files.</summary>
    [Id(21)] public long SnapshotHeldBytes { get; init; }

    /// <summary>What writers are held to at present so that followers keep up (<c>repl-backpressure</c>), bytes per second; 0: nothing holds them.</summary>
    [Id(22)] public long BackpressureBytesPerSecond { get; init; }

    /// <summary>How long writes have waited for that in all, since the node began.</summary>
    [Id(23)] public TimeSpan BackpressureDelay { get; init; }

    /// <summary>Bytes of memory that RocksDB holds for this replica outside the shared block cache: memtables and table readers.</summary>
    [Id(9)] public long EngineMemoryBytes { get; init; }

    /// <summary>The position in the shard's log, with the epoch that names its history.</summary>
    [Id(10)] public LogPosition Position { get; init; }

    /// <summary>The database is open. When it is not, nothing is known of what it holds.</summary>
    [Id(11)] public bool IsOpen { get; init; }
}

/// <summary>What a follower does with the log that it gets.</summary>
[GenerateSerializer, Alias("Sluice.FollowerMode")]
public enum FollowerMode
{
    /// <summary>It applies it: what it acknowledges is durable in its database, and counts for WAIT.</summary>
    Apply = 0,

    /// <summary>It keeps it beside a copy that is under way: what it acknowledges is durable in its spool, and counts for nobody.</summary>
    Spool = 1,
}

/// <summary>One replica that follows a log.</summary>
/// <param name="Node">The replica's node.</param>
/// <param name="DurableSequence">The sequence that it has made durable.</param>
/// <param name="LastAcknowledged">When it last acknowledged.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FollowerStatus")]
public sealed record FollowerStatus([property: Id(0)] string Node, [property: Id(1)] long DurableSequence, [property: Id(2)] DateTimeOffset LastAcknowledged)
{
    /// <summary>What it does with what it gets.</summary>
    [Id(3)] public FollowerMode Mode { get; init; }

    /// <summary>It is connected, was sent something, and has neither taken in nor acknowledged anything for a while.</summary>
    [Id(4)] public bool IsHung { get; init; }

    /// <summary>Sequences that it lacks.</summary>
    [Id(5)] public long LagSequences { get; init; }

    /// <summary>Bytes of log that it lacks; at least so many when it stands before what was written since the log was opened.</summary>
    [Id(6)] public long LagBytes { get; init; }

    /// <summary>How long ago the oldest record that it lacks was written.</summary>
    [Id(7)] public TimeSpan Lag { get; init; }
}

/// <summary>A digest of a replica's content.</summary>
/// <param name="Sequence">The sequence at which it was taken.</param>
/// <param name="Keys">How many keys it covers.</param>
/// <param name="Bytes">How many bytes of keys and values it covers.</param>
/// <param name="Sha256">SHA-256 over each key, value and expiry with their lengths, in key order; hexadecimal.</param>
[GenerateSerializer, Immutable, Alias("Sluice.ShardDigest")]
public sealed record ShardDigest([property: Id(0)] long Sequence, [property: Id(1)] long Keys, [property: Id(2)] long Bytes, [property: Id(3)] string Sha256);

/// <summary>Log records for a replica, each a RocksDB write batch in its own encoding, without a gap.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.LogBatch")]
public sealed record LogBatch
{
    /// <summary>The epoch of the primary that sent them.</summary>
    [Id(0)] public long Epoch { get; init; }

    /// <summary>The records, in order.</summary>
    [Id(1)] public required ImmutableArray<LogRecord> Records { get; init; }
}

/// <summary>One write batch of the log.</summary>
/// <param name="Sequence">The sequence of its first operation.</param>
/// <param name="Count">How many sequences it takes.</param>
/// <param name="Batch">The write batch as RocksDB encodes it.</param>
[GenerateSerializer, Immutable, Alias("Sluice.LogRecord")]
public sealed record LogRecord([property: Id(0)] long Sequence, [property: Id(1)] int Count, [property: Id(2)] byte[] Batch);
