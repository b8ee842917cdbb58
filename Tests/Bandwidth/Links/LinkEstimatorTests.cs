using Sluice.Bandwidth;
using Xunit.Abstractions;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class LinkEstimatorTests(ITestOutputHelper output)
{
    private const long Gigabit = 125_000_000;
    private const long HundredMegabit = 12_500_000;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_the_operator_says_counts_for_more_than_what_the_interface_says()
    {
        var estimator = new LinkEstimator();
        Assert.Equal(new LinkCapacity(0, CapacitySource.Unknown, 0), estimator.Capacity);

        estimator.Observe(new LinkObservation(0, LinkEvidence.None, InterfaceBytesPerSecond: Gigabit), Start);
        Assert.Equal(new LinkCapacity(Gigabit, CapacitySource.Interface, Gigabit), estimator.Capacity);

        estimator.Observe(new LinkObservation(0, LinkEvidence.None, HundredMegabit, Gigabit), Start.AddSeconds(1));
        Assert.Equal(new LinkCapacity(HundredMegabit, CapacitySource.Configured, HundredMegabit), estimator.Capacity);
    }

    [Theory]
    [InlineData(Gigabit)]
    [InlineData(0)]
    public void A_fall_of_the_link_to_a_tenth_is_known_within_two_seconds(long speed)
    {
        var link = new LinkUnderTest(seed: 1) { Speed = speed, Truth = Gigabit };
        link.Run(TimeSpan.FromSeconds(10));
        link.Truth = HundredMegabit;

        var took = link.Run(TimeSpan.FromSeconds(10), capacity => capacity.BytesPerSecond is > 0 and < HundredMegabit * 11 / 10);

        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(CapacitySource.Estimated, link.Capacity.Source);
        Assert.InRange(link.Capacity.NormalBytesPerSecond, Gigabit * 9 / 10, Gigabit * 11 / 10);
        Assert.True(link.Capacity.IsDegraded);
        Assert.InRange(link.Capacity.BytesPerSecond, HundredMegabit * 95 / 100, HundredMegabit * 105 / 100);
    }

    [Theory]
    [InlineData(Gigabit)]
    [InlineData(0)]
    public void A_rise_is_found_within_five_seconds_and_all_of_it_soon_after(long speed)
    {
        var link = new LinkUnderTest(seed: 2) { Speed = speed, Truth = HundredMegabit };
        link.Run(TimeSpan.FromSeconds(23));
        link.Truth = Gigabit;

        var found = link.Run(TimeSpan.FromSeconds(20), capacity => capacity.BytesPerSecond > HundredMegabit * 1.2);
        var all = link.Run(TimeSpan.FromSeconds(20), capacity => capacity.BytesPerSecond > Gigabit * 0.9);

        output.WriteLine($"found after {found}, all of it {all} later");
        Assert.InRange(found, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.InRange(all, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void What_flows_with_nothing_to_send_take_is_never_believed()
    {
        var link = new LinkUnderTest(seed: 3) { Speed = Gigabit, Truth = Gigabit, Demand = HundredMegabit / 10 };

        link.Run(TimeSpan.FromMinutes(2), capacity => capacity.BytesPerSecond != Gigabit && capacity.BytesPerSecond != 0);

        Assert.Equal(new LinkCapacity(Gigabit, CapacitySource.Interface, Gigabit), link.Capacity);
    }

    [Fact]
    public void A_short_burst_of_foreground_is_no_degraded_link()
    {
        var link = new LinkUnderTest(seed: 4) { Speed = Gigabit, Truth = Gigabit };
        for (var round = 0; round < 20; round++)
        {
            link.Truth = HundredMegabit;
            link.Run(LinkEstimator.Confirmation / 2);
            link.Truth = Gigabit;
            link.Run(TimeSpan.FromSeconds(2), capacity => capacity.Source == CapacitySource.Estimated);
            Assert.Equal(CapacitySource.Interface, link.Capacity.Source);
        }
    }

    [Fact]
    public void What_nobody_confirms_is_forgotten()
    {
        var link = new LinkUnderTest(seed: 5) { Speed = Gigabit, Truth = HundredMegabit };
        link.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(CapacitySource.Estimated, link.Capacity.Source);
        link.Demand = 0;

        var took = link.Run(TimeSpan.FromMinutes(5), capacity => capacity.Source == CapacitySource.Interface);

        Assert.InRange(took, LinkEstimator.Memory - TimeSpan.FromSeconds(5), LinkEstimator.Memory + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Another_speed_of_the_interface_is_another_link()
    {
        var estimator = new LinkEstimator();
        for (var at = TimeSpan.Zero; at < TimeSpan.FromSeconds(3); at += LinkUnderTest.Interval)
        {
            estimator.Observe(new LinkObservation(HundredMegabit, LinkEvidence.Limited, InterfaceBytesPerSecond: Gigabit), Start + at);
        }

        Assert.Equal(HundredMegabit, estimator.Capacity.BytesPerSecond);
        estimator.Observe(new LinkObservation(HundredMegabit, LinkEvidence.None, InterfaceBytesPerSecond: 10 * Gigabit), Start.AddSeconds(3));
        Assert.Equal(new LinkCapacity(10 * Gigabit, CapacitySource.Interface, 10 * Gigabit), estimator.Capacity);
    }

    [Fact]
    public void A_link_that_gives_nearly_its_speed_is_not_degraded()
    {
        var link = new LinkUnderTest(seed: 6) { Speed = Gigabit, Truth = Gigabit * 0.95 };

        link.Run(TimeSpan.FromSeconds(30), capacity => capacity.Source == CapacitySource.Estimated);

        Assert.Equal(new LinkCapacity(Gigabit, CapacitySource.Interface, Gigabit), link.Capacity);
    }

    [Fact]
    public void The_search_for_a_rise_keeps_what_was_proved()
    {
        var link = new LinkUnderTest(seed: 7, jitter: 0) { Truth = HundredMegabit };
        link.Run(TimeSpan.FromSeconds(3));
        for (var second = 0; second < 600; second++)
        {
            link.Run(TimeSpan.FromSeconds(1));
            Assert.InRange(link.Capacity.BytesPerSecond, HundredMegabit * 99 / 100, HundredMegabit * 3);
        }

        // Most of the time it stands at what the link has.
        var standing = 0;
        for (var interval = 0; interval < 400; interval++)
        {
            link.Run(LinkUnderTest.Interval);
            standing += link.Capacity.BytesPerSecond < HundredMegabit * 1.05 ? 1 : 0;
        }

        Assert.InRange(standing, 320, 400);
    }

    [Fact]
    public void In_random_scenarios_the_estimate_follows_the_link()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var headroom = Math.Max(0, 0.4 * random.NextDouble() - 0.1);
            var link = new LinkUnderTest(seed, jitter: 0.05 * random.NextDouble(), headroom) { Speed = random.Next(2) == 0 ? 0 : 10 * Gigabit };
            for (var phase = 0; phase < 6; phase++)
            {
                link.Truth = Gigabit * Math.Pow(10, -2 * random.NextDouble());
                link.Foreground = link.Truth * 0.5 * random.NextDouble();
                link.Run(TimeSpan.FromSeconds(20));

                // It may be looking for a rise just now: what it stands at otherwise. A fall by less than the headroom is none to the flows.
                link.Run(TimeSpan.FromSeconds(4), capacity => capacity.BytesPerSecond * (1 - headroom) < link.Truth * 1.06);
                var ratio = link.Capacity.BytesPerSecond / link.Truth;
                Assert.True(ratio > 0.85 && ratio * (1 - headroom) < 1.06, $"seed {seed}, phase {phase}: {ratio:0.00} of what the link has, headroom {headroom:0.00}");
            }
        }
    }
}
