namespace Sluice.Replication;

/// <summary>
/// How far a replica is behind its source, in sequences, bytes and time, from what the source tells of its log (<see cref="LogProgress"/>) and what the replica has applied. Pure; time is the
/// replica's own monotonic clock, so the two machines' clocks need not agree. While the source is not heard of, a replica that lacks something falls behind further; one that lacks nothing does not know better.
/// </summary>
public sealed class LagMeter
{
    // Progress comes four times a second at the most, and what lies between the source and the database is bounded by the window: a few seconds' worth. Beyond that the oldest go.
    private const int Capacity = 256;

    private readonly Queue<(LogProgress Progress, TimeSpan At)> told = new();
    private LogProgress latest;

    /// <summary>The source has told how it stands.</summary>
    public void Told(LogProgress progress, TimeSpan now)
    {
        latest = progress;
        told.Enqueue((progress, now));
        if (told.Count > Capacity)
        {
            told.Dequeue();
        }
    }

    /// <summary>How far a replica is behind that has applied everything up to a sequence.</summary>
    /// <param name="applied">The sequence.</param>
    /// <param name="latestSequence">The newest sequence of the source that is known of.</param>
    /// <param name="now">The present time.</param>
    public (long Sequences, long Bytes, TimeSpan Time) Behind(long applied, long latestSequence, TimeSpan now)
    {
        // The newest that was told of a position that is applied: what the replica lacks was written after that.
        while (told.Count > 1 && told.ElementAt(1).Progress.Position <= applied)
        {
            told.Dequeue();
        }

        if (applied >= latestSequence)
        {
            return default;
        }

        if (told.Count == 0)
        {
            return (latestSequence - applied, 0, TimeSpan.Zero);
        }

        var (base_, at) = told.Peek();
        var lacked = latest.LatestBytes - BytesAt(base_, applied);
        return (latestSequence - applied, Math.Max(0, lacked), base_.Behind + (now - at));
    }

    // Between the position that was told of and the source's end at that moment, by proportion.
    private static long BytesAt(LogProgress progress, long applied)
    {
        var start = progress.LatestBytes - progress.BehindBytes;
        var span = progress.LatestSequence - progress.Position;
        return span <= 0 || applied <= progress.Position ? start : start + (long)((double)progress.BehindBytes * Math.Min(1, (double)(applied - progress.Position) / span));
    }
}
