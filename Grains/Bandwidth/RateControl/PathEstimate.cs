namespace Sluice.Bandwidth.RateControl;

/// <summary>What a flow's samples say of its path: the queue, the delivery rate, and whether the network, the receiver or the application set it. Times in seconds, rates in bytes per second.</summary>
internal sealed class PathEstimate
{
    // 40 ms: two samples, and ten slices of the sender's token bucket. The shortest stretch whose delivery is not mostly the pattern of our own sending.
    private const double ShortWindow = 0.04;

    // 100 ms: what the bucket sends one slice too many or too few is then 4 %.
    private const double LongWindow = 0.1;

    // And four of the bucket's smallest slices, at rates where these are far apart.
    private const double FewSlices = 4 * 2048;
    private const double MostWindow = 1;
    private const double MostGap = 0.25;

    // A busy host may well keep quiet for so long.
    private const double LeastSilence = 0.1;

    // A burst of acknowledgements that a stall has held back varies by a quarter of the stall around half of it: twice the deviation is what it adds. A millisecond is what our own slices make.
    private const double JitterWeight = 2;
    private const double UsualVariation = 0.001;

    // A sender on a busy machine wakes late and loses some of what it was allowed; below this it was not pacing that held it.
    private const double LeastEfficiency = 0.85;
    private const double EfficiencyMemory = 1;

    // A paced sender hardly ever finds its socket full: each slice has left before the next one is due.
    private const double LeastHeldBack = 0.2;

    private readonly DeliveryWindow window = new();
    private readonly BaseRtt baseRtt = new();
    private PathSample last;
    private bool begun;
    private double lastProgress;
    private double piece;
    private double inverseEfficiency = 1;

    /// <summary>When the last sample was taken.</summary>
    public double Now => last.At.TotalSeconds;

    /// <summary>The smoothed round trip; 0 before the first was measured.</summary>
    public double Rtt => last.Rtt.TotalSeconds;

    /// <summary>The round trip of the empty path; infinite before the first was measured.</summary>
    public double Base => baseRtt.Seconds;

    /// <summary>What queues add to the base.</summary>
    public double QueueDelay { get; private set; }

    /// <summary>What <see cref="QueueDelay"/> was at the last sample before at which the path was heard of.</summary>
    public double QueueDelayBefore { get; private set; }

    /// <summary>Given to the network since the connection began.</summary>
    public double SentBytes => last.SentBytes;

    /// <summary>Sent again since the connection began.</summary>
    public double RetransmittedBytes => last.RetransmittedBytes;

    /// <summary>The path was heard of since the sample before; otherwise <see cref="QueueDelay"/> is an old one.</summary>
    public bool IsFresh { get; private set; }

    /// <summary>The kernel holds data back: its congestion window, or a full queue of this host, is smaller than pacing.</summary>
    public bool IsKernelLimited { get; private set; }

    /// <summary>There was nothing to send, or nobody to take it: what was delivered says nothing of the path.</summary>
    public bool IsApplicationLimited { get; private set; }

    /// <summary>The delivery rate of late, as a pacing rate: what a sender that now and then wakes late must be allowed, so that this is delivered.</summary>
    public double Recent => Delivery(Window) * inverseEfficiency;

    /// <summary>How far back "of late" reaches, in seconds.</summary>
    public double Window { get; private set; } = LongWindow;

    /// <summary>How far apart the samples are at which something was heard of the path, in seconds: mostly the sampling interval.</summary>
    public double Gap { get; private set; }

    /// <summary>Nothing was sent since the sample before, and nothing is under way.</summary>
    public bool IsIdle { get; private set; }

    /// <summary>The highest queue of the last round trip or two, so that it is still known when losses are.</summary>
    public double QueuePeak { get; private set; }

    /// <summary>As <see cref="Recent"/>, over the shortest time that makes sense: exact while there is a queue, for then the bottleneck sends at its own rhythm.</summary>
    public double Latest => Delivery(Math.Max(ShortWindow, 2 * Gap)) * inverseEfficiency;

    /// <summary>The delivery rate over a time.</summary>
    public double Delivery(double seconds) => window.Over(seconds).Delivery;

    /// <summary>The traffic over a time.</summary>
    public Traffic Over(double seconds) => window.Over(seconds);

    /// <summary>Takes a sample in.</summary>
    /// <param name="sample">Samples come in the order of time.</param>
    /// <param name="pacing">The pacing rate that was in force since the last one.</param>
    public void Observe(in PathSample sample, double pacing)
    {
        window.Add(sample, pacing);
        var now = sample.At.TotalSeconds;
        var elapsed = begun ? now - Now : 0;
        IsFresh = !begun || sample.AckedBytes > last.AckedBytes;
        if (IsFresh)
        {
            NoteProgress(sample, now);
            QueueDelayBefore = QueueDelay;
        }

        // Old figures are worth nothing; and the transport's minimum tells of a single packet that met an empty queue between two samples, when it has just fallen.
        if (IsFresh && sample.Rtt > TimeSpan.Zero)
        {
            baseRtt.Observe(sample.At, sample.Rtt.TotalSeconds);
        }

        if (sample.MinRtt > TimeSpan.Zero && (!begun || sample.MinRtt < last.MinRtt || last.MinRtt == TimeSpan.Zero))
        {
            baseRtt.Observe(sample.At, sample.MinRtt.TotalSeconds);
        }

        IsIdle = begun && sample.SentBytes <= last.SentBytes && sample.AckedBytes >= sample.SentBytes - 1;
        last = sample;
        begun = true;
        Window = Math.Clamp(Math.Max(FewSlices / Math.Max(1, pacing), 4 * Gap), Math.Max(LongWindow, Rtt), Math.Max(MostWindow, Rtt));
        QueueDelay = Rtt > 0 ? Math.Max(0, Rtt - Base - Jitter(sample)) : 0;
        AllowForSilence(sample, now, pacing);
        QueuePeak = Math.Max(QueueDelay, QueuePeak * Math.Pow(0.5, elapsed / (2 * Rtt + ShortWindow)));
        Classify(elapsed, sample.IsReceiverLimited);
    }

    // A queue delays every packet alike, from one to the next by next to nothing. What a busy host does to round trips, its own or the receiver's, comes and goes: it shows as variation. LEDBAT takes the
    // least of the last few round trips for the same reason (RFC 6817, 4.2); the kernel does not tell single ones.
    private static double Jitter(in PathSample sample) => JitterWeight * Math.Max(0, sample.RttVariation.TotalSeconds - UsualVariation);

    // How often, and in what pieces, the path is heard of: at each sample from the kernel, but once a frame from acknowledgement frames.
    private void NoteProgress(in PathSample sample, double now)
    {
        if (begun && !IsIdle)
        {
            Gap += (Math.Min(MostGap, now - lastProgress) - Gap) / 4;
            piece += (sample.AckedBytes - last.AckedBytes - piece) / 4;
        }

        lastProgress = now;
    }

    // No acknowledgement although bytes are under way: the next one will tell of at least so long a queue (or the link is cut). Waiting for it would be waiting for the queue to grow.
    private void AllowForSilence(in PathSample sample, double now, double pacing)
    {
        var silence = now - lastProgress;
        var usual = piece > 0 ? Math.Max(Gap, piece / Math.Max(1, pacing)) : MostGap;
        if (sample.SentBytes > sample.AckedBytes && silence > Math.Max(Math.Max(LeastSilence, 2 * Rtt), 3 * usual))
        {
            IsFresh = true;
            QueueDelay = Math.Max(QueueDelay, silence - (double.IsFinite(Base) ? Base : 0));
        }
    }

    private void Classify(double elapsed, bool receiverLimited)
    {
        var recent = window.Over(Window);
        IsKernelLimited = recent.HeldBack > LeastHeldBack * recent.Seconds && !receiverLimited;
        var held = recent.Sent < LeastEfficiency * recent.Allowed;
        IsApplicationLimited = receiverLimited || (held && !IsKernelLimited);
        if (!held && recent.Sent > 0 && !IsKernelLimited && elapsed > 0)
        {
            var measured = Math.Clamp(recent.Allowed / recent.Sent, 1, 1 / LeastEfficiency);
            inverseEfficiency += (measured - inverseEfficiency) * Math.Min(1, elapsed / EfficiencyMemory);
        }
    }
}
