namespace Sluice.Replication;

/// <summary>
/// Round trips from acknowledgement frames alone, for platforms without TCP_INFO: remembers when which byte was written, and takes the time until its acknowledgement, smoothed as RFC 6298 does. It includes what
/// the receiver's disk takes; the least of it is the base all the same. Pure: time comes in as an argument.
/// </summary>
public sealed class FrameClock
{
    // Enough for the whole window in the smallest slices at a rate where that matters; older marks are thinned out.
    private readonly Queue<(long Bytes, TimeSpan At)> marks = new();
    private const int MostMarks = 1024;
    private int skipped;
    private int every = 1;

    /// <summary>The smoothed round trip; zero before the first.</summary>
    public TimeSpan RoundTripTime { get; private set; }

    /// <summary>The mean deviation of round trips from the smoothed one.</summary>
    public TimeSpan Variation { get; private set; }

    /// <summary>The least round trip; zero before the first.</summary>
    public TimeSpan Least { get; private set; }

    /// <summary>So many bytes have been written in all.</summary>
    public void Written(long bytes, TimeSpan now)
    {
        if (++skipped < every)
        {
            return;
        }

        skipped = 0;
        marks.Enqueue((bytes, now));
        every = marks.Count >= MostMarks ? 64 : 1;
    }

    /// <summary>So many bytes have been acknowledged in all.</summary>
    public void Acknowledged(long bytes, TimeSpan now)
    {
        TimeSpan? written = null;
        while (marks.TryPeek(out var mark) && mark.Bytes <= bytes)
        {
            written = mark.At;
            marks.Dequeue();
        }

        if (written is not { } at || now <= at)
        {
            return;
        }

        var sample = now - at;
        if (RoundTripTime == TimeSpan.Zero)
        {
            RoundTripTime = sample;
        }
        else
        {
            Variation += ((sample - RoundTripTime).Duration() - Variation) / 4;
            RoundTripTime += (sample - RoundTripTime) / 8;
        }

        Least = Least == TimeSpan.Zero || sample < Least ? sample : Least;
    }
}
