using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class FrameClockTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Nothing_is_known_before_the_first_acknowledgement()
    {
        var clock = new FrameClock();
        clock.Written(1000, Millisecond);

        Assert.Equal(TimeSpan.Zero, clock.RoundTripTime);
        Assert.Equal(TimeSpan.Zero, clock.Least);
    }

    [Fact]
    public void A_round_trip_lasts_from_writing_a_byte_to_its_acknowledgement()
    {
        var clock = new FrameClock();
        clock.Written(1000, 1 * Millisecond);
        clock.Written(2000, 3 * Millisecond);
        clock.Acknowledged(1000, 11 * Millisecond);

        Assert.Equal(10 * Millisecond, clock.RoundTripTime);
        Assert.Equal(10 * Millisecond, clock.Least);
    }

    [Fact]
    public void Later_round_trips_count_an_eighth_each_and_the_least_is_kept()
    {
        var clock = new FrameClock();
        clock.Written(1000, TimeSpan.Zero);
        clock.Acknowledged(1000, 8 * Millisecond);
        clock.Written(2000, 10 * Millisecond);
        clock.Acknowledged(2000, 34 * Millisecond);

        Assert.Equal(10 * Millisecond, clock.RoundTripTime);
        Assert.Equal(4 * Millisecond, clock.Variation);
        Assert.Equal(8 * Millisecond, clock.Least);
    }

    [Fact]
    public void An_acknowledgement_of_many_writes_tells_of_the_last_of_them()
    {
        var clock = new FrameClock();
        for (var write = 1; write <= 5000; write++)
        {
            clock.Written(write * 1000, write * Millisecond);
        }

        clock.Acknowledged(5_000_000, 5010 * Millisecond);

        // Beyond a thousand marks only every sixty-fourth is kept.
        Assert.InRange(clock.RoundTripTime, 10 * Millisecond, 75 * Millisecond);
    }
}
