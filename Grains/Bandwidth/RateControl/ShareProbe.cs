namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// Finds out whether a link has become faster than its estimate, for a flow that only its share of that estimate holds: without a queue, and without more traffic than the share, nobody could ever see it.
/// <para>
/// Every three seconds or so the flow sends a tenth more than the estimate says that there is. On a link that is as fast as believed, a queue grows by a millisecond in ten: when two samples have seen it, the burst
/// ends, two or three milliseconds high, and the flow pays it back by sending half its share until it has gone. A shaper's bucket, full because headroom leaves it so, takes the first 10 ms of the link that go above its rate,
/// so a step is longer than that. When no queue appears in a step, what the step before sent has passed: that much room is proved, and the next step goes twice as far above the share; ten times the rate is eight steps,
/// in about a second. What is proved is reported, the estimate follows, and the share with it.
/// </para>
/// </summary>
internal sealed class ShareProbe(Random random)
{
    // A rise must be found within 5 s: the longest pause, a tenth of jitter, and a second of steps. The jitter keeps the flows of a link from probing all at once.
    private const double PauseSeconds = 2.9;
    private const double Jitter = 0.1;

    // A tenth of the link for so long is 15 ms of it: more than the usual bucket of a shaper, and the queue that is seen then.
    private const double StepSeconds = 0.15;
    private const double SampleSeconds = 0.01;
    private const double MostGain = 32;

    // Beyond the jitter of a quiet path.
    private const double RoomSeconds = 0.0015;

    // A burst that the sender could not send, for want of data or of processor, proves nothing.
    private const double LeastSent = 0.85;

    private Phase phase;
    private double rate;
    private double until = double.NaN;
    private double delayBefore;
    private int queueSeen;
    private double stepBegan;
    private double sentBefore;
    private double sentByStep;

    private enum Phase
    {
        Pause,
        Burst,
        PayBack,
    }

    /// <summary>A burst is under way: what is delivered now may be more than the share.</summary>
    public bool IsMeasuring => phase is Phase.Burst;

    /// <summary>What the last update proved: so many bytes per second pass without a queue; 0: nothing.</summary>
    public double Proved { get; private set; }

    /// <summary>The last update met a queue with the first step: the link has no more than is believed.</summary>
    public bool MetQueue { get; private set; }

    /// <summary>Goes on by one sample.</summary>
    /// <param name="now">Seconds from any fixed origin.</param>
    /// <param name="share">The estimated share in bytes per second, when nothing else holds the flow; otherwise 0.</param>
    /// <param name="from">Where a burst begins: somewhat above what the estimate leaves the flow.</param>
    /// <param name="path">What is known of the path.</param>
    /// <returns>The rate of a burst (above the share) or of paying it back (below), 0: the share; and when the next sample is due at the latest, in seconds from now.</returns>
    public (double Rate, double Due) Update(double now, double share, double from, PathEstimate path)
    {
        (Proved, MetQueue) = (0, false);
        if (share <= 0)
        {
            // With a queue there is nothing to find out. Without one the flow goes on waiting: what holds it may change from sample to sample.
            phase = Phase.Pause;
            until = path.QueueDelay > RoomSeconds ? double.NaN : until;
            return (0, double.PositiveInfinity);
        }

        if (double.IsNaN(until))
        {
            until = now + Pause();
        }

        switch (phase)
        {
            case Phase.Pause when now >= until:
                (phase, delayBefore, queueSeen, sentByStep) = (Phase.Burst, path.QueueDelay, 0, 0);
                BeginStep(now, Math.Max(from, share), path);
                break;
            case Phase.Burst:
                Burst(now, share, path);
                break;
            case Phase.PayBack when now >= until || path.QueueDelay <= delayBefore + RoomSeconds / 2:
                (phase, until) = (Phase.Pause, now + Pause());
                break;
        }

        return phase switch
        {
            Phase.Burst => (rate, SampleSeconds),
            Phase.PayBack => (share / 2, SampleSeconds),
            _ => (0, Math.Max(0.001, until - now)),
        };
    }

    private void Burst(double now, double share, PathEstimate path)
    {
        queueSeen = path.QueueDelay > delayBefore + RoomSeconds ? queueSeen + 1 : 0;
        if (queueSeen >= 2)
        {
            // The step before passed; without one the link has no more than is believed.
            Proved = sentByStep > share ? sentByStep : 0;
            MetQueue = Proved == 0;
            (phase, until) = (Phase.PayBack, now + 2 * (path.QueueDelay - delayBefore) + path.Rtt);
        }
        else if (now >= until)
        {
            // What the step before sent has been acknowledged by now.
            Proved = sentByStep > share ? sentByStep : 0;
            sentByStep = (path.SentBytes - sentBefore) / (now - stepBegan);
            if (sentByStep < LeastSent * rate || rate >= MostGain * share)
            {
                (phase, until) = (Phase.Pause, now + Pause());
                return;
            }

            BeginStep(now, share + 2 * Math.Max(rate - share, share / 20), path);
        }
    }

    private void BeginStep(double now, double next, PathEstimate path) =>
        (rate, until, stepBegan, sentBefore) = (next, now + Math.Max(StepSeconds, 1.5 * path.Rtt), now, path.SentBytes);

    private double Pause() => PauseSeconds * (1 + Jitter * (2 * random.NextDouble() - 1));
}
