using System.Globalization;
using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Links;

/// <summary>The rate controller over simulated links: what docs/bandwidth.md promises of it.</summary>
public sealed class DelayBasedRateControllerTests(ITestOutputHelper output)
{
    private const double M = LinkScenario.Megabit;

    // In a buffer that is shorter than the target queue delay losses come before the delay, and the rate is never quite steady.
    private const double ShortBuffer = 0.01;

    // In such a buffer a link that became faster right after a loss is found late: the rate stays below what was lost at for seconds. Of 221 links 9 are below nine tenths of what the kernel alone reaches, none below this.
    private const double ShortPart = 0.75;

    public static TheoryData<CongestionControlKind, double> Kernels()
    {
        var data = new TheoryData<CongestionControlKind, double>();
        foreach (var kernel in Enum.GetValues<CongestionControlKind>())
        {
            foreach (var rtt in new[] { 0.0001, 0.005, 0.05 })
            {
                data.Add(kernel, rtt);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_steady_link_is_used_whole_and_its_queue_stays_small(CongestionControlKind kernel, double rtt)
    {
        var result = new LinkScenario { Seed = 1, Kernel = kernel, BaseRtt = rtt, Seconds = 20 }.Run();
        output.WriteLine(result.ToString());

        Assert.InRange(result.Utilisation, 0.95, 1.001);
        Assert.InRange(result.DelayP99, 0, 0.02);
        Assert.InRange(result.DelayP50, 0, 0.01);
        Assert.InRange(result.Variation, 0, 0.15);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_fall_to_a_tenth_is_answered_within_three_round_trips_and_a_rise_found_within_five_seconds(CongestionControlKind kernel, double rtt)
    {
        var scenario = new LinkScenario { Seed = 1, Kernel = kernel, BaseRtt = rtt, Capacity = [(0, 1000 * M), (6, 100 * M), (12, 1000 * M)], Seconds = 18 };
        double inflated = double.NaN, roundTrip = 0, answered = double.NaN, found = double.NaN;
        scenario.Run(each: (link, flow) =>
        {
            var decision = flow.Decision;
            if (link.Now is > 6 and < 12 && double.IsNaN(inflated) && decision.QueueDelay > TimeSpan.FromMilliseconds(10))
            {
                (inflated, roundTrip) = (link.Now, decision.SmoothedRtt.TotalSeconds);
            }

            if (double.IsNaN(answered) && link.Now > inflated && decision.PacingBytesPerSecond < 100 * M)
            {
                answered = link.Now;
            }

            if (double.IsNaN(found) && link.Now > 12 && decision.DeliveryBytesPerSecond > 900 * M)
            {
                found = link.Now;
            }
        });

        // Or three samples, where a round trip is shorter than what lies between two of them.
        var bound = 3 * Math.Max(roundTrip, 0.02);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"answered {answered - inflated:0.000} s after the first inflated sample ({bound:0.000} allowed), found after {found - 12:0.00} s"));
        Assert.InRange(answered - inflated, 0, bound);
        Assert.InRange(found - 12, 0, 5);
    }

    [Fact]
    public void Whatever_the_link_it_is_used_its_queue_stays_small_and_the_rate_steady()
    {
        const int Seeds = 1000;
        var failures = new List<string>();
        var (near, far, shallow) = (new List<LinkResult>(), new List<LinkResult>(), new List<LinkResult>());
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var scenario = LinkScenario.Random(seed);
            var result = scenario.Run();
            (scenario.BaseRtt > 0.05 ? far : IsShort(scenario) ? shallow : near).Add(result);
            if (scenario.BaseRtt <= 0.05 && Complaint(scenario, result) is { } complaint)
            {
                failures.Add($"{complaint}: {scenario}: {result}");
            }
        }

        Report("up to 50 ms, buffers of 10 ms and more", near);
        Report("up to 50 ms, shorter buffers", shallow);
        Report("50 to 200 ms", far);
        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));

        Assert.InRange(near.Average(result => result.Utilisation), 0.98, 1.001);
        Assert.InRange(shallow.Average(result => result.Utilisation), 0.94, 1.001);

        // Paths across an ocean: what is reached, so that it is not lost again.
        Assert.InRange(far.Average(result => result.Utilisation), 0.85, 1.001);
        Assert.InRange(far.Average(result => result.DelayP99), 0, 0.02);
    }

    [Fact]
    public void The_bounds_find_out_a_controller_that_does_nothing()
    {
        var scenario = new LinkScenario { Seed = 1, Kernel = CongestionControlKind.Cubic, BaseRtt = 0.005 };

        Assert.Equal("queue", Complaint(scenario, scenario.Run(Fixed(1000 * M))));
        Assert.Equal("utilisation", Complaint(scenario, scenario.Run(Fixed(80 * M))));
    }

    [Fact]
    public void The_bounds_find_out_a_controller_that_does_not_slow_down()
    {
        // Doubles and halves by the queue alone: what a law without damping does.
        var rate = 10 * M;
        var scenario = new LinkScenario { Seed = 1, Kernel = CongestionControlKind.Cubic, BaseRtt = 0.02 };
        var result = scenario.Run((in PathSample sample, in FlowAllowance _) =>
        {
            rate *= sample.Rtt < TimeSpan.FromMilliseconds(30) ? 1.3 : 0.6;
            return new RateDecision { PacingBytesPerSecond = (long)rate, NextSample = TimeSpan.FromMilliseconds(20) };
        });
        output.WriteLine(result.ToString());

        Assert.NotNull(Complaint(scenario, result));
    }

    [Theory]
    [InlineData(CongestionControlKind.Cubic)]
    [InlineData(CongestionControlKind.Bbr)]
    public void Another_program_that_wants_the_link_gets_it_and_gives_it_back(CongestionControlKind other)
    {
        double greedy = 0, after = 0, least = double.PositiveInfinity;
        new LinkScenario { Seed = 1, BaseRtt = 0.005, Greedy = [(4, 14)], GreedyKernel = other, Seconds = 20 }.Run(each: (link, flow) =>
        {
            greedy += link.Now is > 5 and < 14 ? link.Served[2] : 0;
            after += link.Now is > 17 and < 20 ? link.Served[0] : 0;
            least = Math.Min(least, flow.Decision.PacingBytesPerSecond);
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{other}: {greedy / 9 / M:0.0} of 100 Mb/s while it is there, {after / 3 / M:0.0} back"));

        Assert.InRange(greedy / 9, 85 * M, 100.1 * M);
        Assert.InRange(after / 3, 90 * M, 100.1 * M);
        Assert.True(least >= 65536, $"{least} bytes per second are below the floor.");
    }

    [Fact]
    public void A_queue_that_others_keep_is_told_apart()
    {
        var seen = false;
        new LinkScenario { Seed = 1, Greedy = [(3, 16)], Seconds = 16 }.Run(each: (link, flow) => seen |= link.Now > 12 && flow.Decision.IsQueueOfOthers);

        Assert.True(seen);
    }

    [Fact]
    public void A_latecomer_finds_the_path_behind_the_queue_of_those_who_were_there()
    {
        var link = new SharedLink(seed: 1, 100 * M, 0.01, [0, 0, 6]);
        link.RunUntil(30);

        Assert.InRange(link.Decisions[2].BaseRtt.TotalMilliseconds, 10, 12);
        Assert.InRange(link.QueueDelay, 0, 0.02);
    }

    [Fact]
    public void Equal_flows_with_the_brokers_shares_get_the_same()
    {
        var link = new SharedLink(seed: 1, 100 * M, 0.01, [0, 0.5, 1, 3], (_, _) => new FlowAllowance((long)(90 * M / 4), 0, 65536, IsShareEstimated: true));
        link.RunUntil(5);
        var bytes = link.RunUntil(15);

        Assert.InRange(SharedLink.Jain(bytes), 0.95, 1);
        Assert.InRange(bytes.Sum(), 10 * 85 * M, 10 * 95 * M);
    }

    [Fact]
    public void Flows_without_shares_all_go_on_and_leave_the_queue_small()
    {
        var link = new SharedLink(seed: 1, 100 * M, 0.01, [0, 0.5, 1, 3]);
        link.RunUntil(10);
        var bytes = link.RunUntil(30);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Jain {SharedLink.Jain(bytes):0.00}"));

        Assert.InRange(bytes.Sum(), 20 * 93 * M, 20 * 100 * M);
        Assert.All(bytes, each => Assert.True(each > 20 * 65536));
        Assert.InRange(link.QueueDelay, 0, 0.02);
    }

    private string? Complaint(LinkScenario scenario, LinkResult result)
    {
        if (result.DelayP99 > 0.02)
        {
            return "queue";
        }

        if (result is { Utilisation: >= 0.9, Variation: <= 0.15 })
        {
            return null;
        }

        // What the kernel itself makes of this link when nobody paces it is all that can be asked for: reno and cubic after losses, BBR's own pauses.
        var bare = scenario.Run(Fixed(2 * scenario.Capacity.Max(at => at.Rate)));
        var isShort = IsShort(scenario);
        return result.Utilisation < (isShort ? ShortPart * Math.Min(1, bare.Utilisation) : bare.Utilisation > 0.95 ? 0.9 : 0.8 * bare.Utilisation) ? "utilisation"
            : !isShort && result.Variation > Math.Max(0.15, 1.25 * bare.Variation) ? "variation"
            : null;
    }

    private static bool IsShort(LinkScenario scenario) => scenario.BufferSeconds * scenario.Capacity[0].Rate < ShortBuffer * scenario.Capacity.Max(at => at.Rate);

    private static RateControlUnderTest Fixed(double rate) => (in PathSample _, in FlowAllowance _) =>
        new RateDecision { PacingBytesPerSecond = (long)rate, NextSample = TimeSpan.FromMilliseconds(20) };

    private void Report(string name, List<LinkResult> results) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{results.Count} links with round trips {name}: utilisation {results.Average(r => r.Utilisation):0.000} on average, {results.Min(r => r.Utilisation):0.00} at the least; queue delay p99 {1000 * results.Average(r => r.DelayP99):0.0} ms on average, {1000 * results.Max(r => r.DelayP99):0.0} at the most; variation {results.Average(r => r.Variation):0.000}"));
}
