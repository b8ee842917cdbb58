namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// Finds out whether a link has become faster than its estimate, for a flow that only its share of that estimate holds: without a queue, and without more traffic than the share, nobody could ever see it.
/// <para>
/// Every three seconds or so the flow sends a quarter above its share for 30 ms. On a link that is as fast as believed, and of which a tenth is left free, that is a queue of 4 ms for a moment, and the flow pays it back
/// by sending half its share until the queue is gone. If no queue appears there is room, and the next burst follows after one round trip, half as large again; eight such steps are a factor of
/// twenty, in about a second. What is delivered in the bursts is reported, the estimate follows, and the share with it.
/// </para>
/// </summary>
internal sealed class ShareProbe(Random random)
{
    // A rise must be found within 5 s: the longest pause, a tenth of jitter, and a second of bursts. The jitter keeps the flows of a link from probing all at once.
    private const double PauseSeconds = 3.2;
    private const double Jitter = 0.1;
    private const double BurstSeconds = 0.03;
    private const double FirstGain = 1.25;
    private const double Step = 1.5;
    private const double MostGain = 32;

    // A third of the queue that the first burst would make with a tenth of headroom, and beyond the jitter of a quiet path.
    private const double RoomSeconds = 0.0015;

    private Phase phase;
    private double burst;
    private double until = double.NaN;
    private double delayBefore;
    private double delayWorst;

    private enum Phase
    {
        Pause,
        Burst,
        Listen,
        PayBack,
    }

    /// <summary>A burst is under way, or its acknowledgements are awaited: what is delivered now may be more than the share.</summary>
    public bool IsMeasuring => phase is Phase.Burst or Phase.Listen;

    /// <summary>Goes on by one sample.</summary>
    /// <param name="now">Seconds from any fixed origin.</param>
    /// <param name="share">The estimated share in bytes per second, when nothing else holds the flow; otherwise 0.</param>
    /// <param name="queueDelay">The queue at present, in seconds.</param>
    /// <param name="roundTrip">The round trip at present, in seconds.</param>
    /// <returns>The rate of a burst (above the share) or of paying it back (below), 0: the share; and when the next sample is due at the latest, in seconds from now.</returns>
    public (double Rate, double Due) Update(double now, double share, double queueDelay, double roundTrip)
    {
        if (share <= 0)
        {
            (phase, until) = (Phase.Pause, double.NaN);
            return (0, double.PositiveInfinity);
        }

        if (double.IsNaN(until))
        {
            until = now + Pause();
        }

        delayWorst = Math.Max(delayWorst, queueDelay);
        if (now >= until || (phase == Phase.PayBack && queueDelay <= delayBefore + RoomSeconds / 2))
        {
            Advance(now, share, queueDelay, roundTrip);
        }

        return phase switch
        {
            Phase.Burst => (burst, Math.Max(0.001, until - now)),
            Phase.PayBack => (share / 2, BurstSeconds),
            _ => (0, Math.Max(0.001, until - now)),
        };
    }

    private void Advance(double now, double share, double queueDelay, double roundTrip)
    {
        switch (phase)
        {
            case Phase.Pause:
                Begin(now, FirstGain * share, queueDelay);
                break;
            case Phase.Burst:
                // What the end of the burst meets is known one round trip later.
                (phase, until) = (Phase.Listen, now + roundTrip + 0.02);
                break;
            case Phase.Listen when delayWorst - delayBefore < RoomSeconds && burst < MostGain * share:
                // The share may have followed what was found out already.
                Begin(now, Math.Max(Step * burst, FirstGain * share), queueDelay);
                break;
            case Phase.Listen:
                (phase, until) = (Phase.PayBack, now + 2 * Math.Max(0, queueDelay - delayBefore) + roundTrip);
                break;
            default:
                (phase, until) = (Phase.Pause, now + Pause());
                break;
        }
    }

    private void Begin(double now, double rate, double queueDelay) =>
        (phase, until, burst, delayBefore, delayWorst) = (Phase.Burst, now + BurstSeconds, rate, queueDelay, queueDelay);

    private double Pause() => PauseSeconds * (1 + Jitter * (2 * random.NextDouble() - 1));
}
