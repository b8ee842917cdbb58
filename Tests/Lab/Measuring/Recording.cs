namespace Sluice.Lab.Measuring;

/// <summary>All that was measured of one run, and what follows from it. Times are nanoseconds of the machine's clock.</summary>
internal sealed class Recording(IReadOnlyList<Sample> samples, IReadOnlyList<ForegroundRequest> foreground, IReadOnlyList<(long At, string What)> marks)
{
    public const double Second = 1e9;

    public IReadOnlyList<Sample> Samples { get; } = samples;

    public IReadOnlyList<ForegroundRequest> Foreground { get; } = foreground;

    public IReadOnlyList<(long At, string What)> Marks { get; } = marks;

    /// <summary>The foreground over a time.</summary>
    public ForegroundFigures ForegroundBetween(long from, long until) => ForegroundFigures.Of(Foreground.Where(request => request.Due >= from && request.Due < until));

    /// <summary>Bytes that the primary sent over a time.</summary>
    public double SentBetween(long from, long until) => Interpolate(until, sample => sample.Sent) - Interpolate(from, sample => sample.Sent);

    /// <summary>Bytes that the replica received over a time.</summary>
    public double ReceivedBetween(long from, long until) => Interpolate(until, sample => sample.Received) - Interpolate(from, sample => sample.Received);

    /// <summary>By how much the primary's memory was at the most above what it was at the beginning.</summary>
    public long PrimaryGrowth(long from, long until) => Growth(from, until, sample => sample.Primary.ResidentBytes);

    /// <summary>By how much the replica's memory was at the most above what it was at the beginning.</summary>
    public long ReplicaGrowth(long from, long until) => Growth(from, until, sample => sample.Replica.ResidentBytes);

    /// <summary>Processor seconds of the primary.</summary>
    public double PrimaryCpu(long from, long until) => Cpu(from, until, sample => sample.Primary.CpuSeconds);

    /// <summary>Processor seconds of the replica.</summary>
    public double ReplicaCpu(long from, long until) => Cpu(from, until, sample => sample.Replica.CpuSeconds);

    /// <summary>Windows of one length that slide over a time, each with the bytes per second that the primary sent in it.</summary>
    public IEnumerable<(long From, double BytesPerSecond)> Windows(long from, long until, double seconds, bool received = false)
    {
        var length = (long)(seconds * Second);
        for (var at = from; at + length <= until; at += length / 10)
        {
            yield return (at, (received ? ReceivedBetween(at, at + length) : SentBetween(at, at + length)) / seconds);
        }
    }

    private long Growth(long from, long until, Func<Sample, long> value)
    {
        var before = Samples.LastOrDefault(sample => sample.At <= from) ?? Samples[0];
        return Math.Max(0, Samples.Where(sample => sample.At >= from && sample.At <= until).Select(value).DefaultIfEmpty().Max() - value(before));
    }

    // A process that was started anew begins at 0: only what rises counts.
    private double Cpu(long from, long until, Func<Sample, double> value)
    {
        var within = Samples.Where(sample => sample.At >= from && sample.At <= until).Select(value).ToList();
        return within.Zip(within.Skip(1), (before, after) => Math.Max(0, after - before)).Sum();
    }

    private double Interpolate(long at, Func<Sample, long> value)
    {
        var after = LowerBound(at);
        if (after == 0 || after == Samples.Count)
        {
            return value(Samples[Math.Clamp(after, 0, Samples.Count - 1)]);
        }

        var (left, right) = (Samples[after - 1], Samples[after]);
        return value(left) + (value(right) - value(left)) * ((double)(at - left.At) / (right.At - left.At));
    }

    // The first sample that is not before.
    private int LowerBound(long at)
    {
        var (low, high) = (0, Samples.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Samples[middle].At < at ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
