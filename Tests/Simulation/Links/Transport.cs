namespace Sluice.Tests.Simulation.Links;

/// <summary>A simulated TCP connection: what the application writes waits until window and pacing let it out; acknowledgements and losses come back a round trip later.</summary>
internal sealed class Transport(CongestionControl control, double jitter, Random random)
{
    private readonly Queue<(double At, double Bytes, double Rtt)> acknowledgements = new();
    private readonly Queue<(double At, double Bytes)> losses = new();
    private readonly Queue<(double At, double Acked)> history = new();
    private double credit;
    private double lost;
    private double recovery;
    private double stalledUntil;

    /// <summary>Written but not sent.</summary>
    public double NotSent { get; private set; }

    public double InFlight { get; private set; }

    public double Acked { get; private set; }

    public double Written { get; private set; }

    public double Retransmitted { get; private set; }

    public double Smoothed { get; private set; }

    public double MinRtt { get; private set; } = double.PositiveInfinity;

    /// <summary>The mean deviation of round trips.</summary>
    public double Variation { get; private set; }

    /// <summary>The hosts are busy: acknowledgements are now and then held back for up to so many seconds.</summary>
    public double Stall { get; init; }

    /// <summary>How likely that is, in each step.</summary>
    public double StallProbability { get; init; } = 0.005;

    /// <summary>The rate that the application allows the kernel (SO_MAX_PACING_RATE).</summary>
    public double MaxPacing { get; set; } = double.PositiveInfinity;

    /// <summary>The application writes.</summary>
    public void Write(double bytes)
    {
        NotSent += bytes;
        Written += bytes;
    }

    /// <summary>The handshake has measured a first round trip.</summary>
    public void Connected(double rtt) => Smoothed = MinRtt = rtt;

    /// <summary>What goes out in this step.</summary>
    public double Send(double step)
    {
        var pace = Math.Min(MaxPacing, control.Pacing);
        credit = double.IsInfinity(pace) ? double.PositiveInfinity : Math.Min(credit, pace * step) + pace * step;
        var bytes = Math.Max(0, Math.Min(Math.Min(lost + NotSent, control.Window - InFlight), credit));
        credit = double.IsInfinity(credit) ? 0 : credit - bytes;
        var again = Math.Min(lost, bytes);
        lost -= again;
        Retransmitted += again;
        NotSent -= bytes - again;
        InFlight += bytes;
        return bytes;
    }

    /// <summary>So many bytes have passed the bottleneck; their acknowledgement comes later.</summary>
    public void Delivered(double at, double bytes, double rtt) => acknowledgements.Enqueue((at, bytes, rtt));

    /// <summary>So many bytes were dropped; the kernel learns it later.</summary>
    public void Dropped(double at, double bytes) => losses.Enqueue((at, bytes));

    /// <summary>Takes in what has come back by now.</summary>
    public void Hear(double now)
    {
        if (Stall > 0 && random.NextDouble() < StallProbability)
        {
            stalledUntil = Math.Max(stalledUntil, now + Stall * random.NextDouble());
        }

        while (now >= stalledUntil && acknowledgements.TryPeek(out var ack) && ack.At <= now)
        {
            acknowledgements.Dequeue();
            Take(now, ack.Bytes, ack.Rtt + (Stall > 0 ? now - ack.At : 0));
        }

        double dropped = 0;
        while (losses.TryPeek(out var loss) && loss.At <= now)
        {
            losses.Dequeue();
            dropped += loss.Bytes;
        }

        if (dropped > 0)
        {
            InFlight = Math.Max(0, InFlight - dropped);
            lost += dropped;
            if (now >= recovery)
            {
                recovery = now + Smoothed;
                control.Lost(now);
            }
        }
    }

    private void Take(double now, double bytes, double rtt)
    {
        if (jitter > 0)
        {
            rtt += -jitter * Math.Log(1 - random.NextDouble());
        }

        var windowLimited = InFlight > 0.9 * control.Window;
        Acked += bytes;
        InFlight = Math.Max(0, InFlight - bytes);
        MinRtt = Math.Min(MinRtt, rtt);

        if (Smoothed > 0)
        {
            Variation += (Math.Abs(rtt - Smoothed) - Variation) * (1 - Math.Pow(0.75, Math.Max(1, bytes / (2 * CongestionControl.Segment))));
        }

        // One sample a packet, each with a weight of an eighth (RFC 6298), acknowledgements of two packets at once.
        Smoothed = Smoothed == 0 ? rtt : Smoothed + (rtt - Smoothed) * (1 - Math.Pow(0.875, Math.Max(1, bytes / (2 * CongestionControl.Segment))));
        history.Enqueue((now, Acked));
        while (history.Count > 2 && history.Peek().At < now - Math.Max(Smoothed, 0.004))
        {
            history.Dequeue();
        }

        var first = history.Peek();
        var delivery = now > first.At ? (Acked - first.Acked) / (now - first.At) : 0;
        control.Acked(new Acknowledgement(now, bytes, rtt, Smoothed, delivery, InFlight, windowLimited));
    }
}
