using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class StallDetectorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Only_a_read_that_waits_is_silence()
    {
        var detector = new StallDetector();
        Assert.Equal(TimeSpan.Zero, detector.Silence(100 * Second));
        detector.ReadBegins(100 * Second);
        Assert.Equal(7 * Second, detector.Silence(107 * Second));
        detector.BytesArrived(107 * Second);

        // The receiver is busy for an hour: nobody was asked for bytes.
        Assert.Equal(TimeSpan.Zero, detector.Silence(3707 * Second));
    }

    [Fact]
    public void The_limit_is_never_below_five_heartbeats_nor_below_what_the_operator_allows()
    {
        var detector = new StallDetector();
        Feed(detector, Enumerable.Repeat(0.001, 100));
        Assert.Equal(5 * Second, detector.Limit(TimeSpan.FromMilliseconds(1), TimeSpan.Zero, 0));
        Assert.Equal(30 * Second, detector.Limit(30 * Second, TimeSpan.Zero, 0));
        Assert.Equal(300 * Second, detector.Limit(300 * Second, TimeSpan.Zero, 5));
    }

    [Fact]
    public void A_link_that_is_slow_by_itself_is_given_more_time()
    {
        var detector = new StallDetector();
        Feed(detector, Enumerable.Repeat(4.0, 50));
        Assert.True(detector.Limit(Second, TimeSpan.Zero, 0) >= 16 * Second, "bytes each four seconds are this link's way");
        Assert.True(new StallDetector().Limit(Second, 3 * Second, 0) >= 12 * Second, "a round trip of three seconds needs patience");
    }

    [Fact]
    public void An_unsteady_link_is_given_more_time_than_a_steady_one()
    {
        var (steady, unsteady) = (new StallDetector(), new StallDetector());
        Feed(steady, Enumerable.Repeat(2.0, 200));
        Feed(unsteady, Enumerable.Range(0, 200).Select(n => n % 2 == 0 ? 0.1 : 3.9));
        Assert.True(unsteady.Limit(Second, TimeSpan.Zero, 0) > steady.Limit(Second, TimeSpan.Zero, 0));
    }

    [Fact]
    public void Each_stall_in_a_row_doubles_the_limit_up_to_two_minutes()
    {
        var detector = new StallDetector();
        Assert.Equal([5, 10, 20, 40, 80, 120, 120], Enumerable.Range(0, 7).Select(stalls => (int)detector.Limit(Second, TimeSpan.Zero, stalls).TotalSeconds));
    }

    [Fact]
    public void Times_that_go_back_do_no_harm()
    {
        var detector = new StallDetector();
        detector.ReadBegins(10 * Second);
        Assert.Equal(TimeSpan.Zero, detector.Silence(9 * Second));
        detector.BytesArrived(9 * Second);
        Assert.Equal(5 * Second, detector.Limit(Second, TimeSpan.Zero, 0));
    }

    private static void Feed(StallDetector detector, IEnumerable<double> seconds)
    {
        var now = TimeSpan.Zero;
        foreach (var sample in seconds)
        {
            detector.ReadBegins(now);
            now += TimeSpan.FromSeconds(sample);
            detector.BytesArrived(now);
        }
    }
}
