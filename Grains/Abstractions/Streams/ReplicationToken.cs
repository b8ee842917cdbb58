using Orleans.Streams;

namespace Sluice;

/// <summary>
/// A position in a replication stream. In a snapshot stream: the number of payload bytes before it, over the lease's files in the order of transfer. In a log
/// stream: a sequence; subscribing with it asks for the records from that sequence on.
/// </summary>
[GenerateSerializer, Immutable, Alias("Sluice.ReplicationToken")]
public sealed class ReplicationToken : StreamSequenceToken
{
    /// <summary>The beginning.</summary>
    public ReplicationToken()
    {
    }

    /// <summary>Makes a token of a position.</summary>
    public ReplicationToken(long sequenceNumber) => SequenceNumber = sequenceNumber;

    /// <inheritdoc/>
    [Id(0)]
    public override long SequenceNumber { get; protected set; }

    /// <summary>Always 0: a position is one number.</summary>
    [Id(1)]
    public override int EventIndex { get; protected set; }

    /// <inheritdoc/>
    public override bool Equals(StreamSequenceToken? other) => other is ReplicationToken token && token.SequenceNumber == SequenceNumber;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StreamSequenceToken token && Equals(token);

    /// <inheritdoc/>
    public override int GetHashCode() => SequenceNumber.GetHashCode();

    /// <inheritdoc/>
    public override int CompareTo(StreamSequenceToken? other) => other is null ? 1 : SequenceNumber.CompareTo(other.SequenceNumber);

    /// <inheritdoc/>
    public override string ToString() => SequenceNumber.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
