using System.Globalization;
using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Links;

/// <summary>A flow that only its share holds looks for more; one that a limit holds never does.</summary>
public sealed class ShareProbeTests(ITestOutputHelper output)
{
    private const double M = LinkScenario.Megabit;

    [Theory]
    [InlineData(0.0005, 0)]
    [InlineData(0.0005, 20)]
    [InlineData(0.02, 20)]
    [InlineData(0.1, 10)]
    public void A_rise_of_the_link_is_seen_within_five_seconds_although_the_share_holds_the_flow(double rtt, int headroom)
    {
        // The broker: believes what was proved, and gives it less the headroom.
        double believed = 100 * M, report = 0, found = double.NaN;
        long proved = 0;
        var scenario = new LinkScenario { Seed = 1, BaseRtt = rtt, Capacity = [(0, 100 * M), (6, 1000 * M)], Seconds = 14, Allowance = _ => Share(believed, headroom) };
        scenario.Run(each: (link, flow) =>
        {
            proved = Math.Max(proved, flow.Decision.ProvedBytesPerSecond);
            if (link.Now >= report)
            {
                believed = Math.Max(believed, proved);
                report = link.Now + 0.25;
            }

            if (double.IsNaN(found) && link.Now > 6 && believed > 300 * M)
            {
                found = link.Now - 6;
            }
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"three times the rate after {found:0.00} s, {believed / M:0} Mb/s believed at the end"));

        Assert.InRange(found, 0, 5);
        Assert.InRange(believed, 500 * M, 1100 * M);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(20, 0)]
    [InlineData(20, 0.0105)]
    public void Looking_for_more_costs_a_link_that_has_not_got_it_next_to_nothing(int headroom, double bucket)
    {
        double met = 0, above = 0, steps = 0, worst = 0;
        var last = false;
        var scenario = new LinkScenario { Seed = 1, BaseRtt = 0.001, Seconds = 40, Capacity = [(0, 100 * M)], Bucket = bucket, Allowance = _ => Share(100 * M, headroom) };
        scenario.Run(each: (link, flow) =>
        {
            if (link.Now > 1)
            {
                steps++;
                above += link.QueueDelay > 0.002 ? 1 : 0;
                worst = Math.Max(worst, link.QueueDelay);
                met += flow.Decision.ProbeMetQueue && !last ? 1 : 0;
                Assert.True(flow.Decision.ProvedBytesPerSecond < 102 * M, $"{flow.Decision.ProvedBytesPerSecond / M:0.0} Mb/s are said to be proved.");
            }

            last = flow.Decision.ProbeMetQueue;
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{met} probes met a queue; {above / steps:0.0000} of the time above 2 ms, {worst * 1000:0.0} ms at the most"));

        Assert.InRange(met, 9, 15);
        Assert.InRange(above / steps, 0, 0.02);
        Assert.InRange(worst, 0, 0.008);
    }

    [Fact]
    public void A_limit_is_never_exceeded_not_even_to_look()
    {
        long most = 0;
        new LinkScenario { Seed = 1, Seconds = 20, Allowance = _ => new FlowAllowance((long)(50 * M), (long)(50 * M), 65536, IsShareEstimated: true) }
            .Run(each: (_, flow) => most = Math.Max(most, flow.Decision.PacingBytesPerSecond));

        Assert.Equal((long)(50 * M), most);
    }

    [Fact]
    public void A_share_of_a_capacity_that_is_known_for_sure_is_not_exceeded()
    {
        long most = 0;
        new LinkScenario { Seed = 1, Seconds = 20, Allowance = _ => new FlowAllowance((long)(50 * M), 0, 65536) }
            .Run(each: (_, flow) => most = Math.Max(most, flow.Decision.PacingBytesPerSecond));

        Assert.Equal((long)(50 * M), most);
    }

    private static FlowAllowance Share(double believed, int headroom) =>
        new((long)(believed * (100 - headroom) / 100), 0, 65536, IsShareEstimated: true, ProbeBytesPerSecond: (long)(1.1 * believed));
}
