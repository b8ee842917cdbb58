namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// Finds the rate that one flow's path bears, without filling the queue of its bottleneck. Pure: samples of the path come in, a rate goes out; no clock, no socket. One for each connection, at its sender.
/// </summary>
public sealed class DelayBasedRateController
{
    private const double SetPoint = 0.5;
    private const double Quiet = 0.15;
    private const double UpSeconds = 0.15;
    private const double DownSeconds = 0.06;
    private const double MostCut = 0.75;
    private const double SlowDownEvery = 8;
    private const double SlowDownFactor = 0.5;
    private const double InitialWindow = 10 * 1500;
    private const double Unbounded = 4e9;
    private const double Least = 1500;

    private double target;
    private readonly PathEstimate path = new();
    private readonly ShareProbe probe;
    private Phase phase = Phase.Begin;
    private double available;
    private double rate;
    private double initial;
    private double pacing;
    private FlowHold held;
    private double roundEnds;
    private double roundDelivery;
    private int roundsWithoutGrowth;
    private int quietRounds;
    private double lastEmpty;
    private double slowDownEnds;
    private double slowDownQueue;
    private double ceiling = double.PositiveInfinity;
    private double ceilingEnds;
    private bool isQueueOfOthers;
    private double lossEnds;
    private double now;

    /// <summary>Begins a flow.</summary>
    /// <param name="targetQueueDelay">What its queue may add to the path's round trip; 1 ms to 1 s.</param>
    /// <param name="random">Spreads probes over time.</param>
    public DelayBasedRateController(TimeSpan targetQueueDelay, Random random)
    {
        TargetQueueDelay = targetQueueDelay;
        probe = new ShareProbe(random);
    }

    private enum Phase
    {
        Begin,
        StartUp,
        Delay,
        SlowDown,
    }

    /// <summary>What the flow's queue may add to the path's round trip; 1 ms to 1 s.</summary>
    public TimeSpan TargetQueueDelay
    {
        get => TimeSpan.FromSeconds(target);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromMilliseconds(1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromSeconds(1));
            target = value.TotalSeconds;
        }
    }

    private double SetPointSeconds => SetPoint * target;

    private double QuietSeconds => Quiet * target;

    private bool IsBackToBack => held is FlowHold.StartUp or FlowHold.Delay or FlowHold.Floor or FlowHold.None && !path.IsApplicationLimited;

    private double Round => path.Rtt + 0.04;

    private double Interval => phase == Phase.StartUp ? Math.Clamp(path.Base / 2, 0.01, 0.02) : Math.Clamp(path.Base / 2, 0.02, 0.05);

    /// <summary>Takes a sample in and says how fast the flow may send.</summary>
    /// <param name="sample">Samples come in the order of time, about as often as the last decision asked for.</param>
    /// <param name="terms">What broker and operators allow at present.</param>
    public RateDecision Update(in PathSample sample, in FlowAllowance allowance)
    {
        var elapsed = phase == Phase.Begin ? 0 : sample.At.TotalSeconds - now;
        path.Observe(sample, pacing);
        now = path.Now;
        switch (phase)
        {
            case Phase.Begin:
                Begin();
                break;
            case Phase.StartUp:
                StartUp();
                break;
            case Phase.SlowDown:
                SlowDown();
                break;
            default:
                Delay(elapsed);
                break;
        }

        Bound(elapsed, allowance.FloorBytesPerSecond);
        return Decide(allowance);
    }

    private void Begin()
    {
        if (path.Rtt > 0)
        {
            phase = Phase.StartUp;
            rate = available = initial = InitialWindow / path.Rtt;
            roundEnds = now + RoundOfStartUp;
            lastEmpty = now;
        }
    }

    private double RoundOfStartUp => Math.Max(path.Rtt, 0.02);

    private void StartUp()
    {
        if (path.QueueDelay > SetPointSeconds || HasLoss())
        {
            EndStartUp(0.9 * path.Latest);
            return;
        }

        if (now < roundEnds || !IsBackToBack)
        {
            return;
        }

        var delivery = path.Delivery(RoundOfStartUp);
        roundsWithoutGrowth = delivery < 1.25 * roundDelivery ? roundsWithoutGrowth + 1 : 0;
        roundDelivery = Math.Max(delivery, roundDelivery);
        roundEnds = now + RoundOfStartUp;
        if (roundsWithoutGrowth >= 3)
        {
            EndStartUp(path.Recent);
        }
        else if (rate < 4 * delivery)
        {
            rate = available = 2 * rate;
        }
    }

    private void EndStartUp(double found)
    {
        rate = available = Math.Min(available, found);
        phase = Phase.Delay;
        quietRounds = 0;
        roundEnds = now + Round;
        lastEmpty = now;
    }

    private void Delay(double elapsed)
    {
        var queue = path.QueueDelay;
        if (!path.IsFresh)
        {
            return;
        }

        if (queue < 0.1 * target)
        {
            lastEmpty = now;
            isQueueOfOthers = false;
        }

        if (HasLoss())
        {
            Yield();
            return;
        }

        if (queue > target)
        {
            available = Math.Min(path.Latest, 1.1 * available);
            quietRounds = 0;
            roundEnds = now + Round;
            var down = Math.Max(DownSeconds, 1.5 * (path.Base + Interval));
            rate = available * (1 - Math.Min(MostCut, (queue - SetPointSeconds) / down));
            if (rate < Least || now - lastEmpty > SlowDownEvery + 2)
            {
                isQueueOfOthers = true;
            }

            return;
        }

        if (path.IsApplicationLimited)
        {
            return;
        }

        if (queue > QuietSeconds)
        {
            quietRounds = 0;
            roundEnds = now + Round;
            if (queue > SetPointSeconds)
            {
                available += (path.Recent - available) * Math.Min(1, elapsed / 0.2);
            }
            else
            {
                available = Math.Max(available, Math.Min(path.Recent, 1.1 * available));
            }
        }
        else
        {
            Grow(elapsed);
        }

        var up = Math.Max(UpSeconds, 3 * (path.Base + Interval));
        rate = available * (1 + (SetPointSeconds - queue) / up);
        if (now - lastEmpty > SlowDownEvery)
        {
            phase = Phase.SlowDown;
            slowDownQueue = queue;
            slowDownEnds = now + path.Rtt + 2 * queue + 2 * Interval;
            rate = SlowDownFactor * available;
        }
    }

    private void Grow(double elapsed)
    {
        if (!IsBackToBack)
        {
            return;
        }

        if (now >= roundEnds)
        {
            quietRounds++;
            roundEnds = now + Round;
        }

        if (quietRounds == 0 || available > 2 * path.Delivery(Round))
        {
            return;
        }

        var gain = Math.Min(1, 0.05 * Math.Pow(2, quietRounds - 1));
        available *= 1 + gain * elapsed / Round;
        if (now < ceilingEnds)
        {
            available = Math.Min(available, ceiling);
        }
    }

    private void SlowDown()
    {
        var queue = path.QueueDelay;
        if (now < slowDownEnds && queue > 0.1 * target && queue <= target)
        {
            return;
        }

        isQueueOfOthers = queue > Math.Max(QuietSeconds, slowDownQueue / 2);
        lastEmpty = now;
        phase = Phase.Delay;
        rate = available;
    }

    private void Yield()
    {
        ceiling = 0.98 * Math.Min(available, path.Recent);
        ceilingEnds = now + 3;
        available = 0.95 * Math.Min(available, path.Recent);
        rate = available;
        quietRounds = 0;
        lossEnds = now + Round;
    }

    private bool HasLoss()
    {
        if (now < lossEnds)
        {
            return false;
        }

        var recent = path.Over(Math.Max(0.1, path.Rtt));
        return recent.Retransmitted > 4500 && recent.Retransmitted > 0.02 * recent.Sent;
    }

    private void Bound(double elapsed, double floor)
    {
        if (phase == Phase.Begin)
        {
            rate = available = floor;
            return;
        }

        var proven = Math.Max(initial, 4 * path.Delivery(Round));
        if (!IsBackToBack && available > proven)
        {
            available = Math.Max(proven, available * Math.Pow(2, -elapsed / 2));
            rate = Math.Min(rate, available);
        }

        available = Math.Clamp(available, Math.Max(Least, floor), 1e11);
        rate = Math.Clamp(rate, Math.Max(Least, floor), 1e11);
    }

    private RateDecision Decide(in FlowAllowance allowance)
    {
        var own = rate >= Unbounded ? 0 : (long)rate;
        var (pace, hold) = allowance.Pacing(own);
        var share = hold == FlowHold.Share && allowance.IsShareEstimated && !path.IsApplicationLimited ? allowance.ShareBytesPerSecond : 0;
        var (probing, due) = probe.Update(now, share, path.QueueDelay, path.Rtt);
        if (probing > 0 && probing < share)
        {
            own = (long)probing;
        }

        var burst = probing > share ? (long)probing : 0;
        pace = probing > 0 ? allowance.Pacing(own, burst).BytesPerSecond : pace;
        held = hold == FlowHold.Delay && phase is Phase.Begin or Phase.StartUp ? FlowHold.StartUp : hold;
        pacing = pace == 0 ? rate : pace;
        return new RateDecision
        {
            BytesPerSecond = own,
            ProbeBytesPerSecond = burst,
            PacingBytesPerSecond = pace,
            HeldBy = path.IsApplicationLimited ? FlowHold.Application : held,
            QueueDelay = TimeSpan.FromSeconds(path.QueueDelay),
            BaseRtt = double.IsFinite(path.Base) ? TimeSpan.FromSeconds(path.Base) : TimeSpan.Zero,
            DeliveryBytesPerSecond = (long)path.Delivery(probe.IsMeasuring ? 0.02 : 0.1),
            IsNetworkLimited = !path.IsApplicationLimited && (path.IsKernelLimited || path.QueueDelay > QuietSeconds),
            IsQueueOfOthers = isQueueOfOthers,
            NextSample = TimeSpan.FromSeconds(Math.Min(Interval, due)),
        };
    }
}
