namespace Sluice;

/// <summary>
/// A position in a shard's log. An epoch has one primary ever, and its first record says so in the log itself; so, as in Raft, the pair names one history: two replicas at the
/// same position hold the same.
/// </summary>
/// <param name="Epoch">The epoch that wrote the record at <paramref name="Sequence"/>; 0: written in no epoch, the replica holds nothing of the shard.</param>
/// <param name="Sequence">RocksDB's sequence number of the newest record.</param>
[GenerateSerializer, Immutable, Alias("Sluice.LogPosition")]
public readonly record struct LogPosition([property: Id(0)] long Epoch, [property: Id(1)] long Sequence)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Epoch}:{Sequence}");
}

/// <summary>What a source says of a follower's position.</summary>
[GenerateSerializer, Alias("Sluice.LogVerdict")]
public enum LogVerdict
{
    /// <summary>The position lies in the source's history, and its log goes on from there.</summary>
    Continue = 0,

    /// <summary>The follower holds nothing else than the source's history, but the source's log does not reach back so far: a full copy is needed.</summary>
    Truncated = 1,

    /// <summary>The follower holds records that are not in the source's history: a full copy is needed, and what it holds is nobody's any more.</summary>
    Diverged = 2,
}

/// <summary>Asks a source whether a follower may go on with its log.</summary>
/// <param name="Replica">Who asks.</param>
/// <param name="Position">Where it stands.</param>
/// <param name="KnownEpoch">The highest epoch of the shard that it has heard of: a primary of a lower one learns that its reign is over.</param>
[GenerateSerializer, Immutable, Alias("Sluice.LogRequest")]
public sealed record LogRequest([property: Id(0)] ReplicaKey Replica, [property: Id(1)] LogPosition Position, [property: Id(2)] long KnownEpoch);

/// <summary>The answer to a <see cref="LogRequest"/>.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.LogOffer")]
public sealed record LogOffer
{
    [Id(0)] public LogVerdict Verdict { get; init; }

    /// <summary>The source's epoch: its frames carry it.</summary>
    [Id(1)] public long Epoch { get; init; }

    /// <summary>The newest sequence of the source.</summary>
    [Id(2)] public long LatestSequence { get; init; }

    /// <summary>The oldest sequence that its log still has; one more than the newest when it has none.</summary>
    [Id(3)] public long FirstSequence { get; init; }

    /// <summary>Up to here both are known to hold the same; 0 when nothing is known.</summary>
    [Id(4)] public long CommonSequence { get; init; }

    /// <summary>The verdict's reason, in one sentence for a person.</summary>
    [Id(5)] public string Reason { get; init; } = "";
}
