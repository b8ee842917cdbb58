namespace Sluice.Replication;

/// <summary>Turns the frames of one subscription into its events. Keeps what must be remembered from frame to frame.</summary>
/// <typeparam name="T">The type of the stream's events.</typeparam>
internal interface IFrameEvents<T>
{
    /// <summary>The stream was accepted from this position on.</summary>
    void Begin(AcceptedBody accepted);

    /// <summary>Reads a frame.</summary>
    /// <param name="frame">The frame; the event may refer to its memory.</param>
    /// <param name="item">The event.</param>
    /// <param name="position">The event's token.</param>
    /// <returns>Whether the frame is (or completes) an event.</returns>
    /// <exception cref="MalformedFrameException">It does not belong there.</exception>
    bool TryRead(ReceivedFrame frame, out T item, out long position);

    /// <summary>Where a new subscription would go on after what was read so far.</summary>
    long Next { get; }

    /// <summary>Payload bytes that were read so far.</summary>
    long PayloadBytes { get; }
}

/// <summary>The events of a snapshot stream. Positions must follow each other without a gap.</summary>
internal sealed class SnapshotEvents : IFrameEvents<SnapshotChunk>
{
    /// <inheritdoc/>
    public long Next { get; private set; }

    /// <inheritdoc/>
    public long PayloadBytes { get; private set; }

    /// <inheritdoc/>
    public void Begin(AcceptedBody accepted) => Next = accepted.Position;

    /// <inheritdoc/>
    public bool TryRead(ReceivedFrame frame, out SnapshotChunk item, out long position)
    {
        item = default;
        position = Next;
        switch (frame.Type)
        {
            case FrameType.Heartbeat:
                FrameReader.Heartbeat(frame.Body.Span);
                return false;
            case FrameType.Data:
                var fields = FrameReader.Data(frame.Body.Span);
                if (fields.Position != Next)
                {
                    throw new MalformedFrameException($"A Data frame begins at position {fields.Position} where {Next} must follow.");
                }

                var data = frame.Body[Frame.DataFieldBytes..];

                // The frame's checksum covers its fields and the payload; what remains without the fields is the payload's own, at no second pass over the data.
                var crc = Crc32C.WithoutPrefix(frame.BodyCrc, Crc32C.Compute(frame.Body.Span[..Frame.DataFieldBytes]), data.Length);
                item = new SnapshotChunk(fields.FileIndex, fields.FileOffset, data) { Crc32C = crc };
                Next += data.Length;
                PayloadBytes += data.Length;
                return true;
            default:
                throw new MalformedFrameException($"A {frame.Type} frame came in a snapshot stream.");
        }
    }
}

/// <summary>The events of a log stream. Sequences must follow each other without a gap.</summary>
internal sealed class LogEvents : IFrameEvents<LogFrame>
{
    private readonly LogAssembler assembler = new();

    /// <inheritdoc/>
    public long Next { get; private set; }

    /// <inheritdoc/>
    public long PayloadBytes { get; private set; }

    /// <inheritdoc/>
    public void Begin(AcceptedBody accepted) => Next = accepted.Position;

    /// <inheritdoc/>
    public bool TryRead(ReceivedFrame frame, out LogFrame item, out long position)
    {
        position = Next;
        item = null!;
        if (assembler.IsOpen && frame.Type is FrameType.Log)
        {
            throw new MalformedFrameException("A Log frame came before the last part of a split record.");
        }

        switch (frame.Type)
        {
            case FrameType.Heartbeat:
                var heartbeat = FrameReader.Heartbeat(frame.Body.Span);
                item = new LogFrame(heartbeat.Epoch, heartbeat.LatestSequence, []);
                return true;
            case FrameType.Progress:
                var (epoch, progress) = FrameReader.Progress(frame.Body.Span);
                item = new LogFrame(epoch, progress.LatestSequence, []) { Progress = progress };
                return true;
            case FrameType.Log:
                var log = FrameReader.Log(frame.Body.Span);
                foreach (var record in log.Records)
                {
                    Follow(record);
                }

                item = new LogFrame(log.Epoch, log.LatestSequence, log.Records);
                return true;
            case FrameType.LogPart:
                var part = FrameReader.LogPart(frame.Body.Span);
                if (assembler.Add(part, frame.Body.Span[Frame.LogPartFieldBytes..]) is not { } whole)
                {
                    return false;
                }

                Follow(whole);
                item = new LogFrame(part.Epoch, part.LatestSequence, [whole]);
                return true;
            default:
                throw new MalformedFrameException($"A {frame.Type} frame came in a log stream.");
        }
    }

    private void Follow(LogRecord record)
    {
        if (record.Sequence != Next)
        {
            throw new MalformedFrameException($"A log record begins at sequence {record.Sequence} where {Next} must follow.");
        }

        Next += record.Count;
        PayloadBytes += record.Batch.Length;
    }
}
