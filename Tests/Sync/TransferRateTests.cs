using Sluice.Sync;

namespace Sluice.Tests.Sync;

public sealed class TransferRateTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_steady_transfer_has_its_rate()
    {
        var rate = new TransferRate(Start);
        for (var ms = 100; ms <= 10_000; ms += 100)
        {
            rate.Count(1_000_000, Start.AddMilliseconds(ms));
        }

        Assert.InRange(rate.BytesPerSecond(Start.AddSeconds(10)), 9_500_000, 10_500_000);
    }

    [Fact]
    public void After_a_pause_longer_than_the_window_the_rate_is_zero()
    {
        var rate = new TransferRate(Start);
        rate.Count(1_000_000, Start.AddSeconds(1));

        Assert.True(rate.BytesPerSecond(Start.AddSeconds(2)) > 0);
        Assert.Equal(0, rate.BytesPerSecond(Start.AddSeconds(60)));
    }

    [Fact]
    public void The_first_moments_are_not_overstated()
    {
        var rate = new TransferRate(Start);
        rate.Count(1_000_000, Start);

        Assert.True(rate.BytesPerSecond(Start) <= 4_000_000);
    }

    [Fact]
    public void A_clock_that_steps_back_harms_nothing()
    {
        var rate = new TransferRate(Start);
        rate.Count(1_000, Start.AddSeconds(2));
        rate.Count(1_000, Start.AddSeconds(-100));

        Assert.True(rate.BytesPerSecond(Start.AddSeconds(2)) > 0);
    }
}
