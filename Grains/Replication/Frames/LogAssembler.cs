namespace Sluice.Replication;

/// <summary>
/// Puts a log record that was split over LogPart frames together again. Pure. Memory grows only as bytes arrive: a peer that claims 512 MiB and sends nothing costs one frame.
/// </summary>
public sealed class LogAssembler
{
    private byte[] batch = [];
    private LogPartFields first;
    private int filled;

    /// <summary>True while a record is incomplete: only its next part may come.</summary>
    public bool IsOpen => filled > 0;

    /// <summary>Bytes that it holds.</summary>
    public long HeldBytes => batch.Length;

    /// <summary>Takes the next part.</summary>
    /// <returns>The record if this was its last part.</returns>
    /// <exception cref="MalformedFrameException">It is not the next part.</exception>
    public LogRecord? Add(LogPartFields part, ReadOnlySpan<byte> payload)
    {
        if (filled == 0)
        {
            first = part;
        }

        if (part.Offset != filled || part.Sequence != first.Sequence || part.Count != first.Count || part.Total != first.Total)
        {
            throw new MalformedFrameException(
                $"A part of the log record at sequence {part.Sequence} begins at byte {part.Offset} of {part.Total}, expected was byte {filled} of {first.Total} at sequence {first.Sequence}.");
        }

        Reserve(filled + payload.Length);
        payload.CopyTo(batch.AsSpan(filled));
        filled += payload.Length;
        if (filled < first.Total)
        {
            return null;
        }

        var record = new LogRecord(first.Sequence, first.Count, batch);
        batch = [];
        filled = 0;
        return record;
    }

    // Doubling, but never beyond the total, so that the last growth has exactly the record's length and nothing is copied once more.
    private void Reserve(int needed)
    {
        if (needed > batch.Length)
        {
            Array.Resize(ref batch, (int)Math.Min(first.Total, Math.Max(needed, 2L * batch.Length)));
        }
    }
}
