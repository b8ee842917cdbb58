using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;
using Sluice.Replication;

namespace Sluice.Tests.Simulation.Links;

/// <summary>Something that sends over the simulated bottleneck.</summary>
internal interface ITraffic
{
    /// <summary>What it sends in this step.</summary>
    double Send(double now, double step);

    /// <summary>What became of bytes that it sent: passed on, with the round trip that they will have had and when it is over, or lost.</summary>
    void Served(double at, double bytes, double rtt);

    /// <inheritdoc cref="Served"/>
    void Lost(double at, double bytes);
}

/// <summary>Foreground that sends at a rate, whatever becomes of it.</summary>
internal sealed class ConstantTraffic(Func<double, double> rate) : ITraffic
{
    public double Send(double now, double step) => rate(now) * step;

    public void Served(double at, double bytes, double rtt)
    {
        // It does not listen.
    }

    public void Lost(double at, double bytes)
    {
        // It does not listen.
    }
}

/// <summary>Foreground that takes all it gets while it is on: another program's TCP connection.</summary>
internal sealed class GreedyTraffic(CongestionControlKind kind, Func<double, bool> isOn, Random random) : ITraffic
{
    private Transport? transport;

    public double Send(double now, double step)
    {
        if (!isOn(now))
        {
            transport = null;
            return 0;
        }

        transport ??= new Transport(CongestionControl.Of(kind), 0, random);
        transport.Hear(now);
        transport.Write(Math.Max(0, 4_000_000 - transport.NotSent));
        return transport.Send(step);
    }

    public void Served(double at, double bytes, double rtt) => transport?.Delivered(at, bytes, rtt);

    public void Lost(double at, double bytes) => transport?.Dropped(at, bytes);
}

/// <summary>What is asked how fast a flow may send: the controller, or one that a test wants to see fail.</summary>
internal delegate RateDecision RateControlUnderTest(in PathSample sample, in FlowAllowance allowance);

/// <summary>
/// A sender as the data plane has it: the real token bucket, a kernel below it, and rate control that samples the kernel as often as it asks to. The machine is busy: now and then the sender wakes late.
/// </summary>
internal sealed class SimulatedFlow : ITraffic
{
    private readonly Transport transport;
    private readonly RateControlUnderTest control;
    private readonly Random random;
    private readonly PacingBucket bucket = new(1, TimeSpan.Zero);
    private readonly double lateness;
    private readonly double begins;
    private double nextSample;
    private double wakes;
    private double owed;
    private double heldBack;
    private bool connected;

    public SimulatedFlow(CongestionControlKind kind, RateControlUnderTest control, double jitter, double lateness, Random random, double begins = 0, double stall = 0)
    {
        transport = new Transport(CongestionControl.Of(kind), jitter, random) { Stall = stall };
        this.control = control;
        this.lateness = lateness;
        this.random = random;
        this.begins = begins;
        nextSample = wakes = begins;
    }

    /// <summary>What broker and operators allow it, by time.</summary>
    public Func<double, FlowAllowance> Allowance { get; init; } = static _ => new FlowAllowance(0, 0, 65536);

    /// <summary>How fast the application has data; infinite: always.</summary>
    public Func<double, double> Demand { get; init; } = static _ => double.PositiveInfinity;

    public RateDecision Decision { get; private set; }

    public double Acked => transport.Acked;

    public double Send(double now, double step)
    {
        if (now < begins)
        {
            return 0;
        }

        transport.Hear(now);
        if (now >= nextSample)
        {
            Sample(now);
        }

        owed = Math.Min(owed + Demand(now) * step, 1e12);
        if (now >= wakes && Decision.PacingBytesPerSecond > 0)
        {
            Write(TimeSpan.FromSeconds(now), step);
            wakes = now + (random.NextDouble() < lateness ? 0.004 * random.NextDouble() : 0);
        }

        return transport.Send(step);
    }

    public void Connect(double rtt)
    {
        if (!connected)
        {
            connected = true;
            transport.Connected(rtt);
        }
    }

    public void Served(double at, double bytes, double rtt) => transport.Delivered(at, bytes, rtt);

    public void Lost(double at, double bytes) => transport.Dropped(at, bytes);

    private void Sample(double now)
    {
        Decision = control(
            new PathSample
            {
                At = TimeSpan.FromSeconds(now),
                Rtt = TimeSpan.FromSeconds(transport.Smoothed),
                RttVariation = TimeSpan.FromSeconds(transport.Variation),
                MinRtt = double.IsFinite(transport.MinRtt) ? TimeSpan.FromSeconds(transport.MinRtt) : TimeSpan.Zero,
                AckedBytes = transport.Acked,
                SentBytes = transport.Written - transport.NotSent,
                RetransmittedBytes = transport.Retransmitted,
                HeldBack = TimeSpan.FromSeconds(heldBack),
            },
            Allowance(now));
        transport.MaxPacing = Decision.PacingBytesPerSecond * 1.25;
        nextSample = now + Decision.NextSample.TotalSeconds;
    }

    private void Write(TimeSpan now, double step)
    {
        bucket.SetRate(Decision.PacingBytesPerSecond, Decision.HeldBy == FlowHold.Limit, now);
        var lowWater = Math.Clamp(Decision.PacingBytesPerSecond / 200.0, 16 << 10, 128 << 10);
        if (transport.NotSent >= lowWater && bucket.Allowed(now) > 0)
        {
            heldBack += step;
        }

        while (transport.NotSent < lowWater && bucket.Allowed(now) is > 0 and var allowed)
        {
            var slice = Math.Min(allowed, owed);
            if (slice < 1)
            {
                return;
            }

            owed -= slice;
            transport.Write(slice);
            bucket.Spend(slice, now);
        }
    }
}
