namespace Sluice.Storage.Log;

/// <summary>Where a log stood at a moment.</summary>
/// <param name="Sequence">The newest sequence.</param>
/// <param name="Bytes">Bytes of all records since the log was opened.</param>
/// <param name="At">When, on the log's own monotonic clock.</param>
public readonly record struct LogMark(long Sequence, long Bytes, TimeSpan At);

/// <summary>How far something is behind a log.</summary>
/// <param name="Sequences">Sequences that it lacks.</param>
/// <param name="Bytes">Bytes of records that it lacks; at least so many when the log's marks do not reach back so far.</param>
/// <param name="Time">How long ago the oldest record that it lacks was written; zero when it lacks none.</param>
public readonly record struct LogLag(long Sequences, long Bytes, TimeSpan Time);

/// <summary>
/// What a log looked like in the past: marks of sequence, bytes and time, from which a position is told in bytes and in time. Pure. Their number is bounded: when there is no room for another one, every second
/// of the older half goes. So the whole past is kept, the finer the nearer: what is a second behind is told to the quarter of a second, what is a day behind to the minutes.
/// </summary>
public sealed class LogMarks
{
    /// <summary>Marks that are kept: 12 KiB a log, and an hour at the finest grain.</summary>
    public const int Capacity = 512;

    /// <summary>Marks come no closer to each other: a quarter of a second is what a person calls at once.</summary>
    public static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(250);

    private readonly List<LogMark> marks = new(Capacity);

    /// <summary>The marks, oldest first.</summary>
    public IReadOnlyList<LogMark> All => marks;

    /// <summary>Takes note of where the log stands. Where it did not move there is nothing to note; of marks closer than the grain only the newest stays, and the first one ever.</summary>
    public void Note(LogMark mark)
    {
        if (marks.Count > 0 && (mark.Sequence <= marks[^1].Sequence || mark.At < marks[^1].At))
        {
            return;
        }

        if (marks.Count > 1 && mark.At - marks[^2].At < Grain)
        {
            // When it reached the earlier of the two sequences is what tells since when somebody lacks something; the later one only says how much.
            marks[^1] = mark with { At = marks[^1].At };
            return;
        }

        if (marks.Count == Capacity)
        {
            Thin();
        }

        marks.Add(mark);
    }

    /// <summary>Bytes at a sequence, between two marks by proportion. Null before the first mark: not known.</summary>
    public long? BytesAt(long sequence)
    {
        if (marks.Count == 0 || sequence < marks[0].Sequence)
        {
            return null;
        }

        var after = FirstAfter(sequence);
        if (after == marks.Count)
        {
            return marks[^1].Bytes;
        }

        var (low, high) = (marks[after - 1], marks[after]);
        return low.Bytes + (long)((double)(high.Bytes - low.Bytes) * (sequence - low.Sequence) / (high.Sequence - low.Sequence));
    }

    /// <summary>How far a position is behind the log.</summary>
    /// <param name="sequence">The position.</param>
    /// <param name="latest">Where the log stands now.</param>
    public LogLag Behind(long sequence, LogMark latest)
    {
        if (sequence >= latest.Sequence)
        {
            return default;
        }

        var after = FirstAfter(sequence);
        var since = after == marks.Count ? latest.At : marks[after].At;
        var bytes = BytesAt(sequence) ?? (marks.Count == 0 ? latest.Bytes : marks[0].Bytes);
        return new LogLag(latest.Sequence - sequence, Math.Max(0, latest.Bytes - bytes), latest.At > since ? latest.At - since : TimeSpan.Zero);
    }

    // The first mark beyond the sequence: when it was taken, the next record had been written.
    private int FirstAfter(long sequence)
    {
        int low = 0, high = marks.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = marks[middle].Sequence > sequence ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private void Thin()
    {
        // Of each pair the later one goes, so that the first mark stays and a wait is never told shorter than it is by more than the pair's distance.
        var kept = 0;
        for (var i = 0; i < marks.Count; i++)
        {
            if (i >= Capacity / 2 || i % 2 == 0)
            {
                marks[kept++] = marks[i];
            }
        }

        marks.RemoveRange(kept, marks.Count - kept);
    }
}
