using Sluice.Lab.Measuring;
using Sluice.Lab.Report;

namespace Sluice.Lab.Scenarios;

/// <summary>What was recorded of a session, and the figures that all cases have. Times are nanoseconds of the machine's clock.</summary>
/// <param name="Recording">All of it.</param>
/// <param name="IdleFrom">When the idle time began.</param>
/// <param name="IdleUntil">When it ended.</param>
/// <param name="Start">When the copy was ordered.</param>
/// <param name="End">When it was done.</param>
internal sealed record SessionRecording(Recording Recording, long IdleFrom, long IdleUntil, long Start, long End)
{
    public const string Utilisation = "utilisation";
    public const string WireFactor = "wire factor";
    public const string P50 = "foreground p50";
    public const string P99 = "foreground p99";
    public const string Max = "foreground max";
    public const string IdleP99 = "idle foreground p99";
    public const string ServedPerSecond = "foreground served";
    public const string PrimaryMemory = "primary's memory";
    public const string ReplicaMemory = "replica's memory";
    public const string PrimaryCpu = "primary's CPU";
    public const string ReplicaCpu = "replica's CPU";
    public const string Seconds = "time";

    private const double MiB = 1024 * 1024;
    private const double GiB = 1024 * MiB;
    private const double TimelineStep = 0.5;

    /// <summary>How long the copy took.</summary>
    public double CopySeconds => (End - Start) / Recording.Second;

    /// <summary>The foreground before the copy.</summary>
    public ForegroundFigures Idle => Recording.ForegroundBetween(IdleFrom, IdleUntil);

    /// <summary>The foreground during the copy.</summary>
    public ForegroundFigures During => Recording.ForegroundBetween(Start, End);

    /// <summary>What the link carried for the foreground when idle, bytes per second.</summary>
    public double IdleBytesPerSecond => IdleUntil > IdleFrom ? Recording.SentBetween(IdleFrom, IdleUntil) / ((IdleUntil - IdleFrom) / Recording.Second) : 0;

    /// <summary>What the link carried during the copy beyond what it carried for the foreground when idle, bytes.</summary>
    public double WireBytes => Recording.SentBetween(Start, End) - IdleBytesPerSecond * CopySeconds;

    /// <summary>The figures of every copy.</summary>
    /// <param name="payload">Bytes of values that had to be copied.</param>
    /// <param name="bitsPerSecond">The link's rate; 0: it is not known or it changed, so there is no utilisation.</param>
    public List<Figure> Figures(long payload, long bitsPerSecond)
    {
        var during = During;
        var figures = new List<Figure> { new(Seconds, CopySeconds, "s") };
        if (bitsPerSecond > 0)
        {
            figures.Add(new Figure(Utilisation, payload * 8 / CopySeconds / bitsPerSecond, ""));
        }

        figures.AddRange(
        [
            new(WireFactor, WireBytes / payload, ""),
            new(IdleP99, Idle.P99, "ms"),
            new(P50, during.P50, "ms"),
            new(P99, during.P99, "ms"),
            new(Max, during.Max, "ms"),
            new(ServedPerSecond, during.Served / CopySeconds, "/s"),
            new(PrimaryMemory, Recording.PrimaryGrowth(Start, End) / MiB, "MiB"),
            new(ReplicaMemory, Recording.ReplicaGrowth(Start, End) / MiB, "MiB"),
            new(PrimaryCpu, Recording.PrimaryCpu(Start, End) / (payload / GiB), "s/GiB"),
            new(ReplicaCpu, Recording.ReplicaCpu(Start, End) / (payload / GiB), "s/GiB"),
        ]);
        return figures;
    }

    /// <summary>A bound on one of these figures.</summary>
    public static Bound BoundOf(IEnumerable<Figure> figures, string name, BoundKind kind, double limit)
    {
        var figure = figures.First(figure => string.Equals(figure.Name, name, StringComparison.Ordinal));
        return new Bound(name, figure.Value, kind, limit, figure.Unit);
    }

    /// <summary>The foreground's p99 over a time may be so much above that of the idle link.</summary>
    public Bound ForegroundBound(string name, long from, long until, double aboveIdle) =>
        new($"{name}, above idle", Recording.ForegroundBetween(from, until).P99 - Idle.P99, BoundKind.AtMost, aboveIdle, "ms");

    /// <summary>All of it over time, from the end of the idle time on.</summary>
    public Timeline Timeline()
    {
        var (first, last) = (Start - (long)(3 * Recording.Second), Recording.Samples[^1].At);
        var steps = (int)((last - first) / Recording.Second / TimelineStep);
        long At(int step) => first + (long)(step * TimelineStep * Recording.Second);
        return new Timeline
        {
            Step = TimelineStep,
            Sent = [.. Enumerable.Range(0, steps).Select(step => Math.Round(Recording.SentBetween(At(step), At(step + 1)) * 8 / 1e6 / TimelineStep, 2))],
            Foreground = [.. Enumerable.Range(0, steps).Select(step => Math.Round(
                Recording.Foreground.Where(request => request.Due >= At(step) && request.Due < At(step + 1))
                    .Select(request => Math.Min(request.Milliseconds, (last - request.Due) / 1e6)).DefaultIfEmpty().Max(), 2))],
            PrimaryMemory = [.. Enumerable.Range(0, steps).Select(step => Math.Round(Recording.Samples.Where(sample => sample.At <= At(step + 1)).Select(sample => sample.Primary.ResidentBytes).LastOrDefault() / MiB, 1))],
            Marks = [.. Recording.Marks.Select(mark => new TimelineMark(Math.Round((mark.At - first) / Recording.Second, 2), mark.What))],
        };
    }
}
