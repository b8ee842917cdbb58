using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Links;

/// <summary>The rate controller over simulated links. Bounds of issue "Bandwidth", point 8.</summary>
public sealed class DelayBasedRateControllerTests(ITestOutputHelper output)
{
    private const double M = LinkScenario.Megabit;

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
        Assert.InRange(result.Variation, 0, 0.15);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_fall_to_a_tenth_is_answered_and_a_rise_found(CongestionControlKind kernel, double rtt)
    {
        var scenario = new LinkScenario { Seed = 1, Kernel = kernel, BaseRtt = rtt, Capacity = [(0, 1000 * M), (6, 100 * M), (12, 1000 * M)], Seconds = 18 };
        double inflated = 0, answered = 0, found = 0;
        var result = scenario.Run(each: (link, flow) =>
        {
            var decision = flow.Decision;
            if (link.Now > 6 && inflated == 0 && decision.QueueDelay > TimeSpan.FromMilliseconds(10))
            {
                inflated = link.Now;
            }

            if (inflated > 0 && answered == 0 && decision.PacingBytesPerSecond < 100 * M)
            {
                answered = link.Now;
            }

            if (link.Now > 12 && found == 0 && link.Served[0] / scenario.Step > 900 * M)
            {
                found = link.Now;
            }
        });
        output.WriteLine($"{result}; answered after {answered - inflated:0.000} s, found after {found - 12:0.00} s");

        Assert.InRange(answered - inflated, 0, 3 * Math.Max(rtt, 0.02) + 0.02);
        Assert.InRange(found - 12, 0, 5);
    }

    [Fact]
    public void A_pause_of_the_network_stops_nothing_for_good()
    {
        var result = new LinkScenario { Seed = 1, Capacity = [(0, 100 * M), (5, 1), (8, 100 * M)], Seconds = 14 }.Run();

        Assert.True(result.Bytes > 8 * 100 * M, $"Only {result.Bytes} bytes passed.");
    }
}
