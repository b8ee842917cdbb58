using System.Collections.Immutable;

namespace Sluice.Replication;

/// <summary>Records of a spool that were written in one epoch.</summary>
/// <param name="Epoch">The epoch that wrote them.</param>
/// <param name="Records">In order; at least one.</param>
public sealed record SpoolBatch(long Epoch, ImmutableArray<LogRecord> Records);

/// <summary>Reads a spool from a sequence on: what is durable now, and what becomes durable later. One caller at a time.</summary>
public sealed class LogSpoolReader : IDisposable
{
    private readonly LogSpool spool;
    private SpoolSegmentReader? reader;
    private SpooledRecord? pending;

    internal LogSpoolReader(LogSpool spool, long fromSequence) => (this.spool, Next) = (spool, fromSequence);

    /// <summary>The sequence with which the next batch begins.</summary>
    public long Next { get; private set; }

    /// <summary>Reads the next records, on a thread of the pool.</summary>
    /// <param name="maxBytes">No record more once so many bytes of write batches are read; at least one is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: nothing more is durable yet.</returns>
    /// <exception cref="SpoolDamagedException">The next record is not what was written. All before it were returned.</exception>
    /// <exception cref="InvalidOperationException">The spool no longer has the sequence, or it lies within a record.</exception>
    public Task<SpoolBatch?> ReadAsync(int maxBytes, CancellationToken cancellationToken) => Task.Run(() => Read(maxBytes), cancellationToken);

    /// <summary>Ends when there is something more to read.</summary>
    /// <exception cref="IOException">The spool has failed.</exception>
    public Task WaitForNewerAsync(CancellationToken cancellationToken) => spool.WaitForNewerAsync(Next - 1, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => reader?.Dispose();

    private SpoolBatch? Read(int maxBytes)
    {
        var records = ImmutableArray.CreateBuilder<LogRecord>();
        var (bytes, epoch) = (0L, 0L);
        while (bytes < maxBytes && Peek(records.Count > 0) is { } next && (records.Count == 0 || next.Epoch == epoch))
        {
            epoch = next.Epoch;
            bytes += next.Record.Batch.Length;
            records.Add(next.Record);
            pending = null;
            Next = next.Last + 1;
        }

        return records.Count == 0 ? null : new SpoolBatch(epoch, records.ToImmutable());
    }

    // What is damaged is reported when there is nothing good before it to return.
    private SpooledRecord? Peek(bool hasSome)
    {
        try
        {
            return pending ??= ReadOne();
        }
        catch (SpoolDamagedException) when (hasSome)
        {
            return null;
        }
    }

    private SpooledRecord? ReadOne()
    {
        while (spool.Find(Next) is { Segment: { } segment } found)
        {
            var isNew = reader?.Segment.First != segment.First;
            if (isNew)
            {
                reader?.Dispose();
                reader = Open(segment);
            }

            var record = reader!.Read(segment.Bytes);
            if (record is null)
            {
                throw new SpoolDamagedException($"The spool is damaged: '{segment.Path}' ends before sequence {Next}{(found.Following is { } next ? $", and the next segment begins at {next.First}" : "")}.", Next - 1);
            }

            if (record.Value.Last >= Next)
            {
                return record.Value.Record.Sequence == Next
                    ? record
                    : throw new InvalidOperationException($"The spool cannot be read from sequence {Next}: it lies within the record from {record.Value.Record.Sequence} to {record.Value.Last}.");
            }
        }

        return null;
    }

    private SpoolSegmentReader Open(SpoolSegment segment)
    {
        try
        {
            return new SpoolSegmentReader(segment);
        }
        catch (FileNotFoundException error)
        {
            throw new SpoolDamagedException($"The spool's segment '{segment.Path}' has vanished ({error.Message}): what follows sequence {Next - 1} has to be sent again.", Next - 1);
        }
    }
}
