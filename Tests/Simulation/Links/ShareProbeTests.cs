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
    [InlineData(0.0005)]
    [InlineData(0.02)]
    [InlineData(0.1)]
    public void A_rise_of_the_link_is_seen_within_five_seconds_although_the_share_holds_the_flow(double rtt)
    {
        // The broker: believes the most that was delivered in the last two reports, and gives nine tenths of it.
        double believed = 100 * M, peak = 0, report = 0, found = double.NaN;
        var scenario = new LinkScenario
        {
            Seed = 1,
            BaseRtt = rtt,
            Capacity = [(0, 100 * M), (6, 1000 * M)],
            Seconds = 14,
            Allowance = _ => new FlowAllowance((long)(0.9 * believed), 0, 65536, IsShareEstimated: true),
        };
        scenario.Run(each: (link, flow) =>
        {
            peak = Math.Max(peak, flow.Decision.DeliveryBytesPerSecond);
            if (link.Now >= report)
            {
                believed = Math.Max(believed, peak);
                (peak, report) = (0, link.Now + 0.25);
            }

            if (double.IsNaN(found) && link.Now > 6 && believed > 200 * M)
            {
                found = link.Now - 6;
            }
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"twice the rate after {found:0.00} s, {believed / M:0} Mb/s believed at the end"));

        Assert.InRange(found, 0, 5);
        Assert.InRange(believed, (rtt < 0.05 ? 800 : 300) * M, 1100 * M);
    }

    [Fact]
    public void Looking_for_more_costs_a_link_that_has_not_got_it_next_to_nothing()
    {
        var scenario = new LinkScenario { Seed = 1, BaseRtt = 0.001, Seconds = 40, Allowance = _ => new FlowAllowance((long)(90 * M), 0, 65536, IsShareEstimated: true) };
        double above = 0, steps = 0, worst = 0;
        scenario.Run(each: (link, _) =>
        {
            if (link.Now > 1)
            {
                steps++;
                above += link.QueueDelay > 0.003 ? 1 : 0;
                worst = Math.Max(worst, link.QueueDelay);
            }
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{above / steps:0.0000} of the time above 3 ms, {worst * 1000:0.0} ms at the most"));

        Assert.InRange(above / steps, 0, 0.01);
        Assert.InRange(worst, 0, 0.01);
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

    [Fact]
    public void Without_room_a_burst_is_paid_back_and_the_next_one_waits()
    {
        var probe = new ShareProbe(new Random(1));
        var bursts = new List<double>();
        var paidBack = 0;
        double queue = 0;
        for (double now = 0; now < 20; now += 0.01)
        {
            var (rate, _) = probe.Update(now, 100, queue, 0.01);
            queue = rate > 100 ? 0.005 : rate > 0 ? Math.Max(0, queue - 0.002) : queue;
            paidBack += rate is > 0 and < 100 ? 1 : 0;
            if (rate > 100 && (bursts.Count == 0 || now - bursts[^1] > 0.1))
            {
                bursts.Add(now);
                Assert.Equal(125, rate);
            }
        }

        Assert.InRange(bursts.Count, 5, 7);
        Assert.True(paidBack > 0);
    }
}
