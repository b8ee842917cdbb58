using System.Collections.Immutable;

namespace Sluice;

/// <summary>
/// A piece of a snapshot. The memory belongs to the provider and is used again as soon as the observer's task has ended: who needs it longer copies it.
/// </summary>
/// <param name="FileIndex">Which file of the manifest.</param>
/// <param name="FileOffset">Where in the file it begins.</param>
/// <param name="Data">16 KiB to 1 MiB; less only at a file's end.</param>
public readonly record struct SnapshotChunk(int FileIndex, long FileOffset, ReadOnlyMemory<byte> Data)
{
    /// <summary>CRC-32C of <see cref="Data"/>, checked on arrival, so that the file's checksum needs no second pass; null: not known.</summary>
    public uint? Crc32C { get; init; }
}

/// <summary>A piece of a shard's log.</summary>
/// <param name="Epoch">The epoch of the primary that sends it.</param>
/// <param name="LatestSequence">The primary's sequence when the frame was sent: the difference to what is applied is the lag.</param>
/// <param name="Records">Empty in a heartbeat.</param>
public sealed record LogFrame(long Epoch, long LatestSequence, ImmutableArray<LogRecord> Records)
{
    /// <summary>How far what was sent is behind the source; in some of the frames without records.</summary>
    public LogProgress? Progress { get; init; }
}

/// <summary>What a source tells of its log: how far somebody is behind who has what was sent.</summary>
/// <param name="LatestSequence">The source's newest sequence.</param>
/// <param name="LatestBytes">Bytes of all its records up to there, from some beginning: to be compared with other values of the same connection only.</param>
/// <param name="Position">The newest sequence that was sent.</param>
/// <param name="BehindBytes">Bytes of records between the two; at least so many.</param>
/// <param name="Behind">How long ago the first record after <paramref name="Position"/> was written.</param>
public readonly record struct LogProgress(long LatestSequence, long LatestBytes, long Position, long BehindBytes, TimeSpan Behind);
