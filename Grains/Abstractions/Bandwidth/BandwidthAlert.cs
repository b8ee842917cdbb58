namespace Sluice;

/// <summary>What an alert tells of.</summary>
[GenerateSerializer, Alias("Sluice.AlertKind")]
public enum AlertKind
{
    /// <summary>A link gives much less than it should.</summary>
    LinkDegraded = 0,

    /// <summary>A link is full.</summary>
    LinkSaturated = 1,

    /// <summary>Nothing of a full copy arrives.</summary>
    SyncStalled = 2,

    /// <summary>A full copy waits for others.</summary>
    SyncQueued = 3,

    /// <summary>A shard is written faster than its flow may send: the replica falls behind for ever.</summary>
    CannotConverge = 4,

    /// <summary>A node's grants have expired: the broker does not answer it, and its flows keep to their floor.</summary>
    GrantExpired = 5,

    /// <summary>A replica is connected to this node's log, and takes nothing in.</summary>
    FollowerHung = 6,
}

/// <summary>Something that an operator should know now, and may want to do something about.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.BandwidthAlert")]
public sealed record BandwidthAlert
{
    [Id(0)] public required AlertKind Kind { get; init; }

    /// <summary>What it is about: a link (<c>node interface direction</c>), a replica (<c>shard@node</c>), a flow, or a node.</summary>
    [Id(1)] public required string Subject { get; init; }

    /// <summary>When it began.</summary>
    [Id(2)] public DateTimeOffset Since { get; init; }

    /// <summary>What there was, should be, or is needed, bytes per second; 0 when the kind has no such figure.</summary>
    [Id(3)] public long FromBytesPerSecond { get; init; }

    /// <summary>What there is, bytes per second; 0 when the kind has no such figure, or nothing.</summary>
    [Id(4)] public long ToBytesPerSecond { get; init; }

    /// <summary>What happens and what to do about it, for a person.</summary>
    [Id(5)] public string Text { get; init; } = "";
}
