using System.Globalization;

namespace Sluice.Tests.Simulation.Links;

/// <summary>What was measured of a run, outside the first second and steps.</summary>
internal sealed class LinkResult(LinkScenario scenario)
{
    private const double Bin = 0.1;
    private readonly List<double> delays = [];
    private readonly List<double> bins = [];
    private double served;
    private double left;
    private double all;
    private double binServed;
    private double binLeft;
    private double binEnds = Bin;
    private bool binSettled = true;

    /// <summary>What the flow got of what foreground left.</summary>
    public double Utilisation => left > 0 ? served / left : 1;

    /// <summary>All that the flow got, from the beginning to the end, in bytes.</summary>
    public double Bytes => all;

    /// <summary>The 99th percentile of the time a byte waits in the queue.</summary>
    public double DelayP99 => Percentile(0.99);

    public double DelayP50 => Percentile(0.5);

    /// <summary>The coefficient of variation of what the flow got of what was left, over tenths of a second.</summary>
    public double Variation
    {
        get
        {
            if (bins.Count < 2)
            {
                return 0;
            }

            var mean = bins.Average();
            return Math.Sqrt(bins.Sum(bin => (bin - mean) * (bin - mean)) / bins.Count) / mean;
        }
    }

    public void Observe(LinkSimulation simulation)
    {
        var now = simulation.Now;
        all += simulation.Served[0];
        var settled = !scenario.IsUnsettled(now);
        var free = Math.Max(0, simulation.Capacity - LinkScenario.At(scenario.Foreground, now)) * scenario.Step;
        if (settled)
        {
            delays.Add(simulation.QueueDelay);
            served += simulation.Served[0];
            left += free;
        }

        binServed += simulation.Served[0];
        binLeft += free;
        binSettled &= settled;
        if (now >= binEnds)
        {
            if (binSettled && binLeft > 0)
            {
                bins.Add(binServed / binLeft);
            }

            (binServed, binLeft, binSettled) = (0, 0, true);
            binEnds += Bin;
        }
    }

    private double Percentile(double part)
    {
        if (delays.Count == 0)
        {
            return 0;
        }

        var sorted = delays.Order().ToArray();
        return sorted[(int)Math.Min(sorted.Length - 1, part * sorted.Length)];
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"utilisation {Utilisation:0.000}, queue delay p50 {DelayP50 * 1000:0.0} p99 {DelayP99 * 1000:0.0} ms, variation {Variation:0.000}");
}
