namespace Sluice.Replication;

/// <summary>
/// Sends a log from a sequence on, without a gap: as many records a frame as the frame's size allows, a record that is longer than a frame in parts. Ends only by an exception.
/// </summary>
internal sealed class LogSender(ILogSource source, ILogFollower follower, long from, PacedSender sender, FrameBufferPool pool, TimeProvider time)
{
    // As often as the log's marks are fine: a lag that is told in seconds needs no more.
    private static readonly TimeSpan TellProgress = TimeSpan.FromMilliseconds(250);

    // The newest record may be known a moment before it can be read (the database has counted it but not yet written it to its log file).
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(1);

    private readonly List<LogRecord> batch = [];
    private long next = from;
    private bool begun;
    private LogRecord? pending;
    private long sentSequence = from - 1;
    private TimeSpan toldAt;

    /// <summary>Sends until it is cancelled or fails.</summary>
    /// <exception cref="LogTruncatedException">The log does not reach back so far.</exception>
    /// <exception cref="ShardUnavailableException">The source was withdrawn, or its log has a gap.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var reader = source.OpenReader(next);
        while (true)
        {
            await sender.ReadyAsync(cancellationToken).ConfigureAwait(false);
            await TellProgressAsync(cancellationToken).ConfigureAwait(false);
            var record = Take(reader);
            if (record is null)
            {
                await WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (sender.FramePayload is var room && Size(record) > room)
            {
                await SendPartsAsync(record, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await SendBatchAsync(record, room, reader, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes the frame that says how far what was sent is behind, be it the end of the log.</summary>
    public int WriteProgress(Memory<byte> frame) => FrameWriter.Progress(frame.Span, new ProgressBody(source.Epoch, follower.ProgressAt(Interlocked.Read(ref sentSequence))));

    private async ValueTask TellProgressAsync(CancellationToken cancellationToken)
    {
        // At the log's end the heartbeat tells it.
        var now = time.GetElapsedTime(0);
        if (now - toldAt >= TellProgress && source.LatestSequence > sentSequence)
        {
            toldAt = now;
            using var frame = pool.Rent(128);
            await sender.SendAsync(frame.Memory[..WriteProgress(frame.Memory)], cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> frame, long sequence, CancellationToken cancellationToken)
    {
        follower.Sending(sequence, sender.SentBytes + frame.Length);
        await sender.SendAsync(frame, cancellationToken).ConfigureAwait(false);
        Interlocked.Exchange(ref sentSequence, sequence);
    }

    private static int Size(LogRecord record) => Frame.RecordFieldBytes + record.Batch.Length;

    // The next record in sequence. What ends before the wanted sequence is passed over: a reader may begin at the batch that holds it.
    private LogRecord? Take(ILogReader reader)
    {
        if (pending is { } held)
        {
            pending = null;
            return held;
        }

        while (reader.TryRead() is { } record)
        {
            if (record.Sequence + record.Count <= next && record.Sequence < next)
            {
                continue;
            }

            if (record.Sequence != next)
            {
                throw record.Sequence > next && !begun
                    ? new LogTruncatedException($"The log begins at sequence {record.Sequence}, asked for was {next}: a full copy is needed.")
                    : new ShardUnavailableException($"The log goes on at sequence {record.Sequence} where {next} must follow.");
            }

            begun = true;
            next += record.Count;
            return record;
        }

        return null;
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (source.LatestSequence >= next)
        {
            await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var newer = source.WaitForNewerAsync(next - 1, stop.Token).AsTask();
        try
        {
            while (!await sender.IdleAsync(newer, cancellationToken).ConfigureAwait(false))
            {
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await newer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await newer.ConfigureAwait(false);
    }

    private async ValueTask SendBatchAsync(LogRecord first, int room, ILogReader reader, CancellationToken cancellationToken)
    {
        batch.Clear();
        var size = 0;
        for (var record = first; record is not null; record = Take(reader))
        {
            if (size + Size(record) > room)
            {
                pending = record;
                break;
            }

            batch.Add(record);
            size += Size(record);
        }

        using var frame = pool.Rent(Frame.HeaderBytes + Frame.LogFieldBytes + size);
        var length = FrameWriter.Log(frame.Memory.Span, source.Epoch, source.LatestSequence, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch));
        var last = batch[^1].Sequence + batch[^1].Count - 1;
        batch.Clear();
        await SendAsync(frame.Memory[..length], last, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SendPartsAsync(LogRecord record, CancellationToken cancellationToken)
    {
        for (var offset = 0; offset < record.Batch.Length;)
        {
            await sender.ReadyAsync(cancellationToken).ConfigureAwait(false);
            var payload = record.Batch.AsMemory(offset, Math.Min(sender.FramePayload, record.Batch.Length - offset));
            using var frame = pool.Rent(Frame.HeaderBytes + Frame.LogPartFieldBytes + payload.Length);
            var fields = new LogPartFields(source.Epoch, source.LatestSequence, record.Sequence, record.Count, record.Batch.Length, offset);
            var length = FrameWriter.LogPart(frame.Memory.Span, fields, payload.Span);
            offset += payload.Length;
            await SendAsync(frame.Memory[..length], offset < record.Batch.Length ? record.Sequence - 1 : record.Sequence + record.Count - 1, cancellationToken).ConfigureAwait(false);
        }
    }
}
