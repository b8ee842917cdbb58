using System.Collections.Immutable;

namespace Sluice.Replication;

/// <summary>The body of a Hello frame.</summary>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="Node">The subscriber's node.</param>
public sealed record HelloBody(byte[] Nonce, string Node);

/// <summary>The body of a Challenge frame.</summary>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="Proof">32 bytes, see <see cref="Handshake"/>.</param>
/// <param name="Node">The listener's node.</param>
public sealed record ChallengeBody(byte[] Nonce, byte[] Proof, string Node);

/// <summary>The body of a Subscribe frame.</summary>
/// <param name="Namespace">The stream's namespace.</param>
/// <param name="Key">The stream's key.</param>
/// <param name="Position">Where to begin, as <see cref="ReplicationToken"/> counts.</param>
/// <param name="Replica">The replica that will hold the data, <c>shard@node</c>.</param>
/// <param name="Class">The flow's QoS class.</param>
public sealed record SubscribeBody(string Namespace, string Key, long Position, string Replica, string Class);

/// <summary>The body of an Accepted frame.</summary>
/// <param name="Position">Where the stream begins.</param>
/// <param name="Total">Of a snapshot: its payload bytes. Of a log: the latest sequence.</param>
/// <param name="Epoch">The source's epoch.</param>
public readonly record struct AcceptedBody(long Position, long Total, long Epoch);

/// <summary>What a Data frame's body has before its payload.</summary>
/// <param name="Position">Payload bytes of the stream before this frame.</param>
/// <param name="FileIndex">Which file of the manifest.</param>
/// <param name="FileOffset">Where in the file the payload begins.</param>
public readonly record struct DataFields(long Position, int FileIndex, long FileOffset);

/// <summary>The body of a Log frame.</summary>
/// <param name="Epoch">The source's epoch.</param>
/// <param name="LatestSequence">The source's latest sequence when the frame was made.</param>
/// <param name="Records">At least one.</param>
public sealed record LogBody(long Epoch, long LatestSequence, ImmutableArray<LogRecord> Records);

/// <summary>What a LogPart frame's body has before its payload.</summary>
/// <param name="Epoch">The source's epoch.</param>
/// <param name="LatestSequence">The source's latest sequence when the frame was made.</param>
/// <param name="Sequence">The record's sequence.</param>
/// <param name="Count">How many sequences the record takes.</param>
/// <param name="Total">The length of the record's batch in bytes.</param>
/// <param name="Offset">Where in the batch the payload begins: parts come in order, without a gap.</param>
public readonly record struct LogPartFields(long Epoch, long LatestSequence, long Sequence, int Count, int Total, int Offset);

/// <summary>The body of a Heartbeat frame.</summary>
/// <param name="Epoch">The source's epoch.</param>
/// <param name="LatestSequence">The source's latest sequence; 0 in a snapshot stream.</param>
/// <param name="SentAt">The sender's clock, microseconds since 1970; for people who read captures, nothing depends on it.</param>
public readonly record struct HeartbeatBody(long Epoch, long LatestSequence, long SentAt);

/// <summary>The body of a Progress frame, which takes a heartbeat's place in a log stream and comes now and then between records.</summary>
/// <param name="Epoch">The source's epoch.</param>
/// <param name="Progress">How its log stands.</param>
public readonly record struct ProgressBody(long Epoch, LogProgress Progress);

/// <summary>The body of an Ack frame.</summary>
/// <param name="Consumed">Bytes of frames, headers included, that the observer has taken in since Accepted.</param>
/// <param name="Durable">The position up to which everything is durable, as <see cref="ReplicationToken"/> counts it in a snapshot, the last durable sequence in a log; -1: not said yet.</param>
public readonly record struct AckBody(long Consumed, long Durable);

/// <summary>The body of an Error frame.</summary>
/// <param name="Code">Why.</param>
/// <param name="Message">One sentence for a person; at most 1,024 bytes.</param>
public sealed record ErrorBody(ReplicationErrorCode Code, string Message);
