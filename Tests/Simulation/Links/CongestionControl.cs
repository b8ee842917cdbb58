namespace Sluice.Tests.Simulation.Links;

/// <summary>Which congestion control a simulated kernel uses.</summary>
public enum CongestionControlKind
{
    Reno,
    Cubic,
    Bbr,
}

/// <summary>The kernel's congestion control, as far as it matters to what is above it: a window, and with BBR a pacing rate. Bytes and seconds.</summary>
internal abstract class CongestionControl
{
    public const double Segment = 1448;

    /// <summary>How much may be under way.</summary>
    public double Window { get; protected set; } = 10 * Segment;

    /// <summary>Its own pacing rate.</summary>
    public virtual double Pacing => double.PositiveInfinity;

    public static CongestionControl Of(CongestionControlKind kind) => kind switch
    {
        CongestionControlKind.Reno => new LossBased(isCubic: false),
        CongestionControlKind.Cubic => new LossBased(isCubic: true),
        _ => new Bbr(),
    };

    /// <summary>Bytes were acknowledged.</summary>
    public abstract void Acked(in Acknowledgement ack);

    /// <summary>Bytes were lost; told at most once a round trip.</summary>
    public abstract void Lost(double now);
}

/// <summary>What the kernel learns from acknowledgements of one step.</summary>
internal readonly record struct Acknowledgement(double Now, double Bytes, double Rtt, double Smoothed, double Delivery, double InFlight, bool IsWindowLimited);

/// <summary>Reno (RFC 5681) and CUBIC (RFC 9438).</summary>
internal sealed class LossBased(bool isCubic) : CongestionControl
{
    private double threshold = double.PositiveInfinity;
    private double most;
    private double epoch = double.NaN;

    public override void Acked(in Acknowledgement ack)
    {
        if (!ack.IsWindowLimited)
        {
            epoch = double.NaN;
            return;
        }

        if (Window < threshold)
        {
            Window += ack.Bytes;
            return;
        }

        var reno = Window + Segment * ack.Bytes / Window;
        Window = isCubic ? Math.Max(reno, Cubic(ack)) : reno;
    }

    public override void Lost(double now)
    {
        most = Window;
        Window = Math.Max(2 * Segment, Window * (isCubic ? 0.7 : 0.5));
        threshold = Window;
        epoch = double.NaN;
    }

    private double Cubic(in Acknowledgement ack)
    {
        const double C = 0.4;
        if (double.IsNaN(epoch))
        {
            epoch = ack.Now;
            most = Math.Max(most, Window);
        }

        var k = Math.Cbrt((most - Window / 1) / Segment / C);
        var t = ack.Now - epoch + ack.Smoothed;
        var wanted = C * Math.Pow(t - k, 3) * Segment + most;
        return wanted > Window ? Window + (wanted - Window) * ack.Bytes / Window : Window;
    }
}

/// <summary>BBR version 1 (draft-cardwell-iccrg-bbr-congestion-control-00).</summary>
internal sealed class Bbr : CongestionControl
{
    private static readonly double[] Cycle = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
    private readonly Queue<(double At, double Rate)> rates = new();
    private double bandwidth;
    private double minRtt = double.PositiveInfinity;
    private double minRttAt;
    private double probeRttEnds = double.NaN;
    private double fullBandwidth;
    private double roundEnds;
    private int rounds;
    private bool full;
    private bool drained;
    private int cycle;
    private double cycleEnds;

    public override double Pacing => bandwidth <= 0 ? double.PositiveInfinity : bandwidth * Gain;

    private double Gain => !full ? 2.885 : !drained ? 1 / 2.885 : Cycle[cycle];

    public override void Acked(in Acknowledgement ack)
    {
        if (ack.IsWindowLimited || ack.Delivery > bandwidth)
        {
            rates.Enqueue((ack.Now, ack.Delivery));
        }

        while (rates.Count > 1 && rates.Peek().At < ack.Now - 10 * ack.Smoothed)
        {
            rates.Dequeue();
        }

        bandwidth = 0;
        foreach (var (_, rate) in rates)
        {
            bandwidth = Math.Max(bandwidth, rate);
        }

        MeasureRtt(ack);
        Advance(ack);
        var product = bandwidth * minRtt;
        var quantum = 3 * Math.Max(2 * Segment, Math.Min(65536, bandwidth * 0.001));
        Window = ack.Now < probeRttEnds ? 4 * Segment : Math.Max(4 * Segment, (full ? 2 : 2.885) * product + quantum);
    }

    public override void Lost(double now)
    {
        // Version 1 does not heed losses.
    }

    private void MeasureRtt(in Acknowledgement ack)
    {
        var expired = ack.Now - minRttAt > 10;
        if (ack.Rtt <= minRtt || expired)
        {
            (minRtt, minRttAt) = (ack.Rtt, ack.Now);
        }

        if (expired)
        {
            probeRttEnds = ack.Now + 0.2;
        }
    }

    private void Advance(in Acknowledgement ack)
    {
        if (!full && ack.Now >= roundEnds)
        {
            roundEnds = ack.Now + ack.Smoothed;
            rounds = bandwidth < 1.25 * fullBandwidth ? rounds + 1 : 0;
            fullBandwidth = Math.Max(fullBandwidth, bandwidth);
            full = rounds >= 3;
        }

        drained |= full && ack.InFlight <= bandwidth * minRtt + 3 * Segment;
        if (drained && ack.Now >= cycleEnds)
        {
            cycle = (cycle + 1) % Cycle.Length;
            cycleEnds = ack.Now + minRtt;
        }
    }
}
