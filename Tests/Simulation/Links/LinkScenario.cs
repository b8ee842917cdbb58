using System.Globalization;
using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;

namespace Sluice.Tests.Simulation.Links;

/// <summary>One flow over one bottleneck, beside foreground that comes and goes, and what was measured of it. Rates in bytes per second, times in seconds.</summary>
internal sealed record LinkScenario
{
    public const double Megabit = 125_000;

    public int Seed { get; init; }

    public CongestionControlKind Kernel { get; init; } = CongestionControlKind.Cubic;

    public double BaseRtt { get; init; } = 0.001;

    /// <summary>How long a full queue takes to drain at the first capacity.</summary>
    public double BufferSeconds { get; init; } = 0.4;

    /// <summary>A shaper's bucket, in seconds of the first capacity.</summary>
    public double Bucket { get; init; }

    public double Seconds { get; init; } = 12;

    /// <summary>The capacity from each time on; the first from 0.</summary>
    public (double From, double Rate)[] Capacity { get; init; } = [(0, 100 * Megabit)];

    /// <summary>The foreground's rate from each time on.</summary>
    public (double From, double Rate)[] Foreground { get; init; } = [(0, 0)];

    /// <summary>Another program's TCP connection takes what it can get in these times.</summary>
    public (double From, double Until)[] Greedy { get; init; } = [];

    public CongestionControlKind GreedyKernel { get; init; } = CongestionControlKind.Cubic;

    /// <summary>Mean of what round trips vary by, without any queue.</summary>
    public double Jitter { get; init; } = 0.0001;

    /// <summary>How often the sender wakes late, by up to 4 ms.</summary>
    public double Lateness { get; init; } = 0.01;

    /// <summary>The hosts are busy: acknowledgements are held back now and then, for up to so long.</summary>
    public double Stall { get; init; }

    public Func<double, FlowAllowance> Allowance { get; init; } = static _ => new FlowAllowance(0, 0, 65536);

    public Func<double, double> Demand { get; init; } = static _ => double.PositiveInfinity;

    public double Step { get; init; } = 0.0005;

    /// <summary>Anything that may be met: a link of 4 Mb/s to 1 Gb/s, round trips of 0.1 to 200 ms, buffers from 2 ms to a second, steps of the link, foreground of a constant rate that comes and goes.</summary>
    public static LinkScenario Random(int seed)
    {
        var random = new Random(seed);
        double Between(double low, double high) => low * Math.Pow(high / low, random.NextDouble());
        var capacity = Between(4, 1000) * Megabit;
        var steps = new List<(double, double)> { (0, capacity) };
        if (random.Next(3) == 0)
        {
            steps.Add((4 + 2 * random.NextDouble(), Math.Clamp(capacity * Between(0.1, 10), 4 * Megabit, 1000 * Megabit)));
        }

        var foreground = new List<(double, double)> { (0, 0) };
        for (var at = 3 * random.NextDouble(); random.Next(4) > 0 && at < 9; at += 2 + 2 * random.NextDouble())
        {
            foreground.Add((at, random.Next(3) == 0 ? 0 : random.NextDouble() * 0.7 * steps.Min(step => step.Item2)));
        }

        var baseRtt = Between(0.0001, 0.2);
        return new LinkScenario
        {
            Seed = seed,
            Kernel = (CongestionControlKind)random.Next(3),
            BaseRtt = baseRtt,
            BufferSeconds = Between(0.002, 1),
            Capacity = [.. steps],
            Foreground = [.. foreground],
            Jitter = random.NextDouble() * Math.Min(0.0005, 0.3 * baseRtt),
            Lateness = random.NextDouble() * 0.05,
            Seconds = 10,
            Step = baseRtt < 0.004 ? 0.0005 : 0.001,
        };
    }

    /// <summary>Rate control as it is.</summary>
    public RateControlUnderTest Controller()
    {
        var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(Seed));
        return controller.Update;
    }

    /// <summary>Runs it.</summary>
    /// <param name="control">Null: the controller.</param>
    /// <param name="each">Told of every step.</param>
    public LinkResult Run(RateControlUnderTest? control = null, Action<LinkSimulation, SimulatedFlow>? each = null)
    {
        var random = new Random(Seed);
        var buffer = Math.Max(BufferSeconds * Capacity[0].Rate, 4 * 1500);
        var link = new Bottleneck(3, now => At(Capacity, now), buffer, Bucket * Capacity[0].Rate);
        var flow = new SimulatedFlow(Kernel, control ?? Controller(), Jitter, Lateness, random, stall: Stall) { Allowance = Allowance, Demand = Demand };
        ITraffic[] senders =
        [
            flow,
            new ConstantTraffic(now => At(Foreground, now)),
            new GreedyTraffic(GreedyKernel, now => Greedy.Any(on => now >= on.From && now < on.Until), random),
        ];
        var simulation = new LinkSimulation(link, BaseRtt, senders, Step);
        var result = new LinkResult(this);
        while (simulation.Now < Seconds)
        {
            simulation.Step();
            result.Observe(simulation);
            each?.Invoke(simulation, flow);
        }

        return result;
    }

    /// <summary>The value in force at a time.</summary>
    public static double At((double From, double Rate)[] steps, double now)
    {
        var value = steps[0].Rate;
        for (var index = 1; index < steps.Length && steps[index].From <= now; index++)
        {
            value = steps[index].Rate;
        }

        return value;
    }

    /// <summary>True in the first second, and after a step of capacity or foreground for as long as the bounds do not hold.</summary>
    public bool IsUnsettled(double now)
    {
        var settle = 1 + 8 * BaseRtt;
        return now < settle || Capacity.Concat(Foreground).Any(at => at.From > 0 && now >= at.From && now < at.From + settle);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Seed}: {Kernel}, rtt {BaseRtt * 1000:0.0} ms, buffer {BufferSeconds * 1000:0} ms, capacity {Show(Capacity)}, foreground {Show(Foreground)}, jitter {Jitter * 1000:0.00} ms");

    private static string Show((double From, double Rate)[] steps) =>
        string.Join(" ", steps.Select(at => string.Create(CultureInfo.InvariantCulture, $"{at.Rate / Megabit:0.##}@{at.From:0.#}")));
}
