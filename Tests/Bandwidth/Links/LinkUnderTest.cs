using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

/// <summary>
/// One link in virtual time, in report intervals of 250 ms: flows that want more than there is and get shares of what the estimator says, foreground, counters that jitter. A share reaches the flows one
/// interval after the estimator has changed its mind.
/// </summary>
internal sealed class LinkUnderTest(int seed, double jitter = 0.03, double headroom = 0.1)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // Three seconds.
    private const int ProbeEvery = 12;

    private readonly Random random = new(seed);
    private double share;
    private int held;

    public LinkEstimator Estimator { get; } = new();

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What the link really has, bytes per second.</summary>
    public double Truth { get; set; }

    public double Foreground { get; set; }

    /// <summary>What the flows have to send, bytes per second.</summary>
    public double Demand { get; set; } = double.MaxValue;

    public long Speed { get; init; }

    public LinkCapacity Capacity => Estimator.Capacity;

    /// <summary>Lets the time pass, or until something is so.</summary>
    /// <returns>How long it took.</returns>
    public TimeSpan Run(TimeSpan atMost, Func<LinkCapacity, bool>? until = null)
    {
        var begin = Now;
        while (Now - begin < atMost && !(until?.Invoke(Capacity) ?? false))
        {
            Step();
        }

        return Now - begin;
    }

    private void Step()
    {
        Now += Interval;
        var allowed = share == 0 ? double.MaxValue : Math.Max(0, share * (1 - headroom) - Foreground);
        var offered = Math.Min(Demand, allowed);
        var wanted = offered + Foreground;
        var carried = Math.Min(wanted, Truth);
        var evidence = wanted > Truth ? LinkEvidence.Limited
            : offered >= Demand ? LinkEvidence.None
            : LinkEvidence.Held;
        var (proved, metQueue) = evidence == LinkEvidence.Held && Capacity.Source == CapacitySource.Estimated && ++held % ProbeEvery == 0 ? Probe(wanted) : (0, false);
        share = Capacity.BytesPerSecond;
        Estimator.Observe(new LinkObservation((long)(carried * (1 + jitter * (2 * random.NextDouble() - 1))), evidence, 0, Speed, proved, metQueue), Now);
    }

    // As ShareProbe: a tenth more than is believed, then twice as far above what is sent, until there is a queue. A step is proved when the next one is reached.
    private (long Proved, bool MetQueue) Probe(double sent)
    {
        double proved = 0;
        for (var rate = 1.1 * Capacity.BytesPerSecond; rate < Truth; rate = sent + 2 * Math.Max(rate - sent, sent / 20))
        {
            proved = rate;
        }

        return ((long)proved, proved == 0);
    }
}
