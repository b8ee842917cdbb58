using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class LagMeterTests
{
    private readonly LagMeter meter = new();

    [Fact]
    public void Nothing_is_lacked_by_who_has_the_newest()
    {
        meter.Told(new LogProgress(100, 10_000, 90, 1000, Seconds(2)), Seconds(50));
        Assert.Equal((0, 0, TimeSpan.Zero), meter.Behind(100, 100, Seconds(60)));
    }

    [Fact]
    public void Before_anything_was_told_only_the_sequences_are_known() => Assert.Equal((60, 0, TimeSpan.Zero), meter.Behind(40, 100, Seconds(1)));

    [Fact]
    public void Who_stands_where_the_source_said_is_behind_as_it_said_and_longer_while_it_waits()
    {
        meter.Told(new LogProgress(100, 10_000, 90, 1000, Seconds(2)), Seconds(50));
        Assert.Equal((10, 1000, Seconds(2)), meter.Behind(90, 100, Seconds(50)));
        Assert.Equal((10, 1000, Seconds(9)), meter.Behind(90, 100, Seconds(57)));
        Assert.Equal((5, 500, Seconds(2)), meter.Behind(95, 100, Seconds(50)));
    }

    [Fact]
    public void What_was_told_of_a_position_counts_when_that_position_is_applied()
    {
        meter.Told(new LogProgress(100, 10_000, 50, 5000, Seconds(10)), Seconds(50));
        meter.Told(new LogProgress(120, 12_000, 80, 4000, Seconds(4)), Seconds(51));
        Assert.Equal((70, 7000, Seconds(11)), meter.Behind(50, 120, Seconds(51)));
        Assert.Equal((40, 4000, Seconds(4)), meter.Behind(80, 120, Seconds(51)));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
