using Sluice.Lab.Measuring;
using Sluice.Lab.Processes;

namespace Sluice.Tests.LabFigures;

/// <summary>What the lab makes of its samples.</summary>
public sealed class RecordingTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_request_that_was_never_answered_is_the_worst_latency_and_not_served()
    {
        var requests = Foreground.Parse(["2000 -1", "1000 500"]);

        var figures = ForegroundFigures.Of(requests);

        Assert.Equal((2, 1), (figures.Requests, figures.Served));
        Assert.Equal(0.5, figures.P50);
        Assert.Equal(double.PositiveInfinity, figures.P99);
        Assert.Equal(1000, requests[0].Due);
    }

    [Fact]
    public void The_99th_percentile_is_a_latency_that_99_of_100_requests_keep()
    {
        var figures = ForegroundFigures.Of(Enumerable.Range(1, 100).Select(n => new ForegroundRequest(n, n)));

        Assert.Equal((50, 99, 100), (figures.P50, figures.P99, figures.Max));
    }

    [Fact]
    public void Bytes_between_two_samples_are_interpolated()
    {
        var recording = new Recording([At(0, 0), At(1, 100), At(3, 500)], [], []);

        Assert.Equal(50 + 200, recording.SentBetween(Second / 2, 2 * Second));
        Assert.Equal(500, recording.SentBetween(0, 9 * Second));
    }

    [Fact]
    public void Windows_slide_by_a_tenth_of_their_length()
    {
        var recording = new Recording([At(0, 0), At(1, 100), At(2, 100)], [], []);

        var windows = recording.Windows(0, 2 * Second, 1).ToList();

        Assert.Equal(11, windows.Count);
        Assert.Equal(100, windows[0].BytesPerSecond);
        Assert.Equal(50, windows[5].BytesPerSecond, 6);
        Assert.Equal(0, windows[10].BytesPerSecond);
    }

    [Fact]
    public void A_process_that_was_started_anew_adds_its_time_to_that_of_the_old_one()
    {
        var recording = new Recording([At(0, 0, cpu: 5), At(1, 0, cpu: 7), At(2, 0, cpu: 0), At(3, 0, cpu: 1)], [], []);

        Assert.Equal(3, recording.PrimaryCpu(0, 3 * Second));
    }

    private static Sample At(double second, long sent, double cpu = 0) => new((long)(second * Second), sent, sent, new ProcessUsage(0, cpu), default);
}
