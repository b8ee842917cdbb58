using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class ForegroundMeterTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly ForegroundMeter meter = new();
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_not_ours_is_foreground()
    {
        Run(TimeSpan.FromSeconds(5), foreground: 10_000_000, own: 90_000_000);

        Assert.InRange(meter.BytesPerSecond, 9_900_000, 10_000_000);
    }

    [Fact]
    public void Counters_that_differ_by_a_few_packets_are_no_foreground()
    {
        Run(TimeSpan.FromSeconds(5), foreground: 500_000, own: 99_500_000);
        Run(TimeSpan.FromSeconds(5), foreground: -500_000, own: 99_500_000);

        Assert.Equal(0, meter.BytesPerSecond);
    }

    [Fact]
    public void Room_is_left_for_the_next_burst()
    {
        // A second of requests, a second of none.
        for (var round = 0; round < 10; round++)
        {
            Run(TimeSpan.FromSeconds(1), foreground: 50_000_000, own: 50_000_000);
            Run(TimeSpan.FromSeconds(1), foreground: 0, own: 100_000_000);
            Assert.InRange(meter.BytesPerSecond, 40_000_000, 50_000_000);
        }
    }

    [Fact]
    public void A_peak_is_let_go_in_the_end()
    {
        Run(TimeSpan.FromSeconds(5), foreground: 50_000_000, own: 0);
        Run(ForegroundMeter.Hold - Interval, foreground: 0, own: 1_000_000);
        Assert.InRange(meter.BytesPerSecond, 49_000_000, 50_000_000);

        Run(TimeSpan.FromSeconds(12), foreground: 0, own: 1_000_000);
        Assert.InRange(meter.BytesPerSecond, 0, 2_500_000);
    }

    [Fact]
    public void It_stays_between_nothing_and_the_largest_that_was_seen()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var fresh = new ForegroundMeter();
            var most = 0.0;
            for (var step = 0; step < 200; step++)
            {
                var interval = TimeSpan.FromMilliseconds(random.Next(50, 3000));
                now += interval;
                var carried = random.NextInt64(1_000_000_000);
                var own = random.NextInt64(1_200_000_000);
                most = Math.Max(most, Math.Max(0, carried - own) / interval.TotalSeconds);
                fresh.Count(carried, own, interval, now);
                Assert.True(fresh.BytesPerSecond >= 0 && fresh.BytesPerSecond <= most, $"seed {seed}, step {step}: {fresh.BytesPerSecond} of at most {most}");
            }
        }
    }

    private void Run(TimeSpan time, long foreground, long own)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Interval)
        {
            now += Interval;
            meter.Count((long)((foreground + own) * Interval.TotalSeconds), (long)(own * Interval.TotalSeconds), Interval, now);
        }
    }
}
