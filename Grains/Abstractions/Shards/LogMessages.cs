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
