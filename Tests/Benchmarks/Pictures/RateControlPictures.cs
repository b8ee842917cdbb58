using Sluice.Bandwidth.RateControl;
using Sluice.Lab.Report;
using Sluice.Tests.Simulation.Links;

namespace Sluice.Benchmarks.Pictures;

/// <summary>What the rate controller does, from the simulator: the pictures of docs/bandwidth.md.</summary>
internal static class RateControlPictures
{
    private const double Megabit = LinkScenario.Megabit;
    private const double Bin = 0.02;
    private const string Blue = "#2b7bba";
    private const string Orange = "#e07b28";
    private const string Grey = "#888";
    private const string Green = "#3a9a55";

    /// <summary>Writes all of them into a folder.</summary>
    public static void Write(string folder)
    {
        StartUp().Write(Path.Combine(folder, "rate-start-up.svg"));
        Step().Write(Path.Combine(folder, "rate-step.svg"));
        Foreground().Write(Path.Combine(folder, "rate-foreground.svg"));
    }

    private static SvgChart StartUp()
    {
        var run = Trace(new LinkScenario { Seed = 1, BaseRtt = 0.02, Seconds = 2 }, 0.005);
        return new SvgChart("Start-up: 100 Mb/s, round trip 20 ms, buffer 400 ms", "seconds", 0, 2,
        [
            new SvgPanel("Mb/s", [run.Capacity, run.Pacing, run.Delivered], 200),
            new SvgPanel("queue, ms", [Target(2), run.Queue], 60),
        ]);
    }

    private static SvgChart Step()
    {
        var scenario = new LinkScenario { Seed = 1, BaseRtt = 0.002, BufferSeconds = 0.04, Capacity = [(0, 1000 * Megabit), (4, 100 * Megabit), (9, 1000 * Megabit)], Seconds = 14 };
        var run = Trace(scenario);
        var bare = Trace(scenario, control: (in PathSample _, in Bandwidth.FlowAllowance _) =>
            new RateDecision { PacingBytesPerSecond = (long)(4000 * Megabit), NextSample = TimeSpan.FromMilliseconds(50) });
        return new SvgChart("A link of 1 Gb/s falls to 100 Mb/s and rises again", "seconds", 0, 14,
        [
            new SvgPanel("Mb/s", [run.Capacity, run.Delivered], 1100),
            new SvgPanel("queue, ms (logarithmic)", [Target(14), bare.Queue with { Name = "the same copy by cubic alone", Color = Orange }, run.Queue], 1000, 0.1),
        ]);
    }

    private static SvgChart Foreground()
    {
        var scenario = new LinkScenario
        {
            Seed = 1,
            BaseRtt = 0.005,
            Foreground = [(0, 0), (3, 40 * Megabit), (5, 80 * Megabit), (7, 20 * Megabit), (9, 0)],
            Greedy = [(11, 15)],
            Seconds = 19,
        };
        var run = Trace(scenario, 0.05);
        return new SvgChart("Foreground comes and goes: 20 to 80 Mb/s, then a greedy TCP connection", "seconds", 0, 19,
        [
            new SvgPanel("Mb/s", [run.Foreground, run.Capacity, run.Delivered], 120),
            new SvgPanel("queue, ms (logarithmic)", [Target(19), run.Queue], 1000, 0.1),
        ]);
    }

    private static SvgSeries Target(double until) => new("target", Green, [(0, 10), (until, 10)], SvgStyle.Dashed);

    private static TraceOfRun Trace(LinkScenario scenario, double bin = Bin, RateControlUnderTest? control = null)
    {
        List<(double, double)> capacity = [], pacing = [], delivered = [], foreground = [], queue = [];
        double flow = 0, others = 0, worst = 0, ends = bin;
        scenario.Run(control, (link, sender) =>
        {
            flow += link.Served[0];
            others += link.Served[1] + link.Served[2];
            worst = Math.Max(worst, link.QueueDelay);
            if (link.Now < ends)
            {
                return;
            }

            var middle = ends - bin / 2;
            capacity.Add((middle, link.Capacity / Megabit));
            pacing.Add((middle, sender.Decision.PacingBytesPerSecond / Megabit));
            delivered.Add((middle, flow / bin / Megabit));
            foreground.Add((middle, others / bin / Megabit));
            queue.Add((middle, worst * 1000));
            (flow, others, worst) = (0, 0, 0);
            ends += bin;
        });
        return new TraceOfRun(
            new SvgSeries("link", Grey, capacity, SvgStyle.Dashed),
            new SvgSeries("pacing rate", Orange, pacing),
            new SvgSeries("delivered", Blue, delivered),
            new SvgSeries("foreground", Grey, foreground, SvgStyle.Area),
            new SvgSeries("queue", Blue, queue));
    }

    private sealed record TraceOfRun(SvgSeries Capacity, SvgSeries Pacing, SvgSeries Delivered, SvgSeries Foreground, SvgSeries Queue);
}
