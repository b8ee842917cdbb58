namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// Finds the rate that one flow's path bears, without filling the queue of its bottleneck. Pure: samples of the path come in, a rate goes out; no clock, no socket. One for each connection, at its sender.
/// <para>
/// <b>The law.</b> While a flow sends more than its bottleneck can pass, the bottleneck's queue grows, and what is acknowledged per second is exactly what the bottleneck passes of this flow: the
/// delivery rate measures what is available, and round trip minus base round trip measures the queue. So the controller keeps one figure, <c>available</c>, and paces at
/// <code>rate = available x (1 + (set point - queue) / T)</code>
/// With <c>available</c> right, the queue obeys dq/dt = (set point - q) / T: it approaches the set point without overshoot, with the time constant T, whatever the link's speed. An error of x in <c>available</c> shifts
/// the queue by x times T and is seen there. This is BBR's model (a rate from delivery, Cardwell et al. 2016) under LEDBAT's goal (a bounded delay, RFC 6817); neither a window nor a loss is needed.
/// What sets <c>available</c> depends on the queue:
/// </para>
/// <list type="bullet">
/// <item><b>Above the target</b> the path has become slower, or somebody else has come: the delivery rate of the last two samples is taken as it is, and up to nine tenths of it are left unsent until the queue has
/// gone. A link that falls to a tenth is answered two samples after its queue was seen. A foreground that fills the queue gets the link: our part of the delivery shrinks with our rate, down to the floor (LEDBAT++'s
/// multiplicative decrease).</item>
/// <item><b>Between the set point and the target</b> there always is a queue, thus delivery is exact: <c>available</c> follows it.</item>
/// <item><b>Below the set point</b> the bottleneck may have been idle at times, and delivery is then only what we sent: <c>available</c> rises with it but never falls.</item>
/// <item><b>Without a queue</b> there is room: the rate grows by 5 % a round, doubling that growth each quiet round up to a doubling of the rate. A link that became ten times as fast is found
/// within a second or so, while a moment without a queue costs nothing.</item>
/// </list>
/// <para>
/// <b>Start-up</b> begins with TCP's initial window a round trip and doubles each round until the queue reaches the set point, or delivery no longer follows.
/// <b>Slow-downs</b> (LEDBAT++, draft-irtf-iccrg-ledbat-plus-plus, 4.4): when the queue was never seen empty for eight seconds, the flow sends half its rate just long enough to drain what it holds itself; so the base
/// round trip is measured afresh, and a flow that came later, and took our queue for the path, sees the path. Against a queue that stays we can do nothing: it is marked as that of others.
/// <b>Losses</b> of more than 2 % (BBRv2's bound: less may be radio) say that the buffer is shorter than the target: its length becomes the target, so that the next overload is seen before it is a loss, for
/// a loss costs far more in the kernel's congestion control (cubic 30 %, reno half of the window) than here.
/// </para>
/// <para>
/// <b>What lies below.</b> Pacing is an upper bound; reno, cubic and BBR in the kernel act under it, on a window that a path without queue and losses seldom lets them feel. Where the kernel does hold the flow
/// back (<see cref="PathSample.HeldBack"/>), what it delivers is what there is, and the rate stays near it. Nothing is learned from a flow that has nothing to send; it keeps what it knew, and within seconds
/// falls to four times what it really sends (RFC 7661), or its initial rate. The figures of each constant are derived in docs/bandwidth.md.
/// </para>
/// </summary>
public sealed class DelayBasedRateController
{
    // Half the target on average leaves the other half for what happens between two samples: the 99th percentile, which people feel, then is near the target itself.
    private const double SetPointPart = 0.5;

    // A queue below this may be jitter, and never less than a millisecond is.
    private const double QuietPart = 0.15;
    private const double LeastQuiet = 0.001;
    private const double EmptyPart = 0.1;

    // A flow that the network holds keeps a queue near the set point. One of a busy host sees two or three milliseconds that are no queue, while it grows into a share that has become larger.
    private const double LimitedPart = 0.6;

    // T of the law. At least three times the loop's delay (round trip, sample, and half the window that delivery is taken over), where a delayed integrator does not overshoot (its bound is e).
    // Below the target, where nobody suffers, slowly; above it the queue is somebody's latency, and a little overshoot, into an empty queue, is cheap.
    private const double UpSeconds = 0.15;
    private const double UpLoops = 3;
    private const double DownSeconds = 0.06;
    private const double DownLoops = 1.5;

    // What is sent at the least while a queue drains, as a part of what is delivered: below it the kernel's own estimates would starve.
    private const double MostCut = 0.9;
    private const double RisingMargin = 0.05;
    private const double FollowSeconds = 0.2;

    private const double FirstGrowth = 0.05;
    private const double MostGrowth = 1;
    private const double RoundMargin = 0.04;

    // Eight seconds: three chances in each base window of thirty. Half the rate drains the queue in twice its length; at 50 ms round trip that costs half a per cent of the link.
    private const double SlowDownEvery = 8;
    private const double SlowDownPart = 0.5;

    private const double LossPart = 0.02;
    private const double LeastLoss = 3 * 1514;
    private const double AfterLoss = 0.95;
    private const double CeilingSeconds = 3;
    private const double AfterOverload = 0.5;
    private const double BufferPart = 0.8;
    private const double LeastTarget = 0.003;
    private const double TargetRecovery = 0.03;

    // TCP's initial window (RFC 6928).
    private const double InitialWindow = 10 * 1514;
    private const double MostProven = 4;
    private const double ProvenHalfLife = 2;
    private const double LeastRate = 1500;
    private const double MostRate = 1e11;

    // Just above a link of 10 Gb/s: beyond that pacing costs more than the queue is worth (on loopback a third of the throughput), and a copy is bound by its disks.
    private const double Unbounded = 1.6e9;
    private const double IdleSeconds = 0.1;

    // Where nothing is said of what the link leaves beside the share.
    private const double UnknownProbe = 1.25;

    private readonly PathEstimate path = new();
    private readonly ShareProbe probe;
    private double target;
    private double buffer = double.PositiveInfinity;
    private Phase phase = Phase.Begin;
    private FlowHold held;
    private double available;
    private double rate;
    private double initial;
    private double pacing;
    private double now;
    private double roundEnds;
    private double roundDelivery;
    private int roundsWithoutGrowth;
    private int quietRounds;
    private double lastEmpty;
    private double slowDownEnds;
    private double slowDownQueue;
    private double ceiling;
    private double ceilingEnds;
    private double lossCounts;
    private bool isQueueOfOthers;

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

    /// <summary>What the flow's queue may add to the path's round trip; 1 ms to 1 s. May be changed at any time.</summary>
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

    private double Target => Math.Min(target, Math.Max(LeastTarget, buffer));

    private double SetPoint => SetPointPart * Target;

    private double Quiet => Math.Max(QuietPart * Target, Math.Min(LeastQuiet, SetPoint));

    // The flow sent what its own rate let through, so that what came of it is an answer to that rate.
    private bool IsPacedByUs => held is FlowHold.StartUp or FlowHold.Delay or FlowHold.Floor or FlowHold.None && !path.IsApplicationLimited;

    private double Round => path.Rtt + Math.Max(RoundMargin, 2 * path.Gap);

    private double StartUpRound => Math.Max(Math.Max(path.Rtt, 0.02), 2 * path.Gap);

    private double Interval => phase == Phase.StartUp ? Math.Clamp(path.Base / 2, 0.01, 0.02) : Math.Clamp(path.Base / 2, 0.02, 0.05);

    /// <summary>Takes a sample in and says how fast the flow may send.</summary>
    /// <param name="sample">Samples come in the order of time, about as often as the last decision asked for.</param>
    /// <param name="allowance">What broker and operators allow at present.</param>
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
            roundEnds = now + StartUpRound;
            lastEmpty = now;
        }
    }

    private void StartUp()
    {
        if (HasLoss())
        {
            EndStartUp(path.Latest);
            YieldToLoss();
            return;
        }

        if (path.QueueDelay > SetPoint)
        {
            EndStartUp(path.Latest);
            return;
        }

        if (now < roundEnds || !path.IsFresh || !IsPacedByUs)
        {
            return;
        }

        // As BBR: three rounds in which delivery did not grow by a quarter, although the rate doubled.
        var delivery = path.Delivery(StartUpRound);
        roundsWithoutGrowth = delivery < 1.25 * roundDelivery ? roundsWithoutGrowth + 1 : 0;
        roundDelivery = Math.Max(delivery, roundDelivery);
        roundEnds = now + StartUpRound;
        if (roundsWithoutGrowth >= 3)
        {
            EndStartUp(path.Recent);
        }
        else if (rate < MostProven * delivery)
        {
            rate = available = 2 * rate;
        }
    }

    private void EndStartUp(double found)
    {
        rate = available = Math.Min(available, found);
        phase = Phase.Delay;
        lastEmpty = now;
        EndQuiet();
    }

    private void Delay(double elapsed)
    {
        buffer *= 1 + TargetRecovery * elapsed;
        if (!path.IsFresh)
        {
            return;
        }

        if (path.QueueDelay < EmptyPart * Target)
        {
            lastEmpty = now;
            isQueueOfOthers = false;
        }

        if (HasLoss())
        {
            YieldToLoss();
        }
        else if (path.QueueDelay > Target)
        {
            Drain();
        }
        else if (!path.IsApplicationLimited)
        {
            Hold(elapsed);
        }
    }

    private void Drain()
    {
        EndQuiet();

        // While the queue falls, what is delivered is only what we sent a moment ago, having cut already: to believe it would be to cut again for the same queue.
        if (path.QueueDelay >= path.QueueDelayBefore - RisingMargin * Target || path.Latest > available)
        {
            available = Math.Min(path.Latest, 1.1 * available);
        }

        // What is sent again from now on was lost to this queue.
        lossCounts = now + AfterOverload + 2 * path.Rtt;
        var seconds = Math.Max(DownSeconds, DownLoops * (path.Base + Interval));
        rate = available * (1 - Math.Min(MostCut, (path.QueueDelay - SetPoint) / seconds));
        isQueueOfOthers |= now - lastEmpty > SlowDownEvery;
    }

    private void Hold(double elapsed)
    {
        if (path.QueueDelay > Quiet)
        {
            EndQuiet();
            var measured = Math.Min(path.Recent, 1.1 * available);
            available = path.QueueDelay > SetPoint ? available + (measured - available) * Math.Min(1, elapsed / FollowSeconds) : Math.Max(available, measured);
        }
        else
        {
            Grow(elapsed);
        }

        if (path.IsKernelLimited)
        {
            // Slowly: BBR itself all but stops for 0.2 s in ten.
            available = Math.Min(available, Math.Max(1.25 * path.Recent, available * Math.Pow(0.5, elapsed / ProvenHalfLife)));
        }

        var seconds = Math.Max(UpSeconds, UpLoops * (path.Base + Interval));
        rate = available * (1 + (SetPoint - path.QueueDelay) / seconds);
        if (now - lastEmpty > SlowDownEvery)
        {
            phase = Phase.SlowDown;
            slowDownQueue = path.QueueDelay;
            slowDownEnds = now + path.Rtt + path.QueueDelay / SlowDownPart + 2 * Interval;
            rate = SlowDownPart * available;
        }
    }

    private void Grow(double elapsed)
    {
        if (!IsPacedByUs)
        {
            return;
        }

        if (now >= roundEnds)
        {
            quietRounds++;
            roundEnds = now + Round;
        }

        // The last growth must have been delivered before there is more.
        if (quietRounds == 0 || available > 2 * path.Delivery(Math.Max(Round, path.Window)))
        {
            return;
        }

        available *= 1 + Math.Min(MostGrowth, FirstGrowth * Math.Pow(2, quietRounds - 1)) * elapsed / Round;
        if (now < ceilingEnds)
        {
            available = Math.Min(available, ceiling);
        }
    }

    private void EndQuiet()
    {
        quietRounds = 0;
        roundEnds = now + Round;
    }

    private void SlowDown()
    {
        if (now < slowDownEnds && path.QueueDelay > EmptyPart * Target && path.QueueDelay <= Target)
        {
            return;
        }

        isQueueOfOthers = path.QueueDelay > Math.Max(Quiet, slowDownQueue / 2);
        lastEmpty = now;
        phase = Phase.Delay;
        rate = available;
    }

    private bool HasLoss()
    {
        // Beside a queue above the target, which somebody keeps full, losses tell nothing new.
        if (now < lossCounts || path.QueuePeak > target)
        {
            return false;
        }

        var recent = path.Over(Math.Max(0.1, path.Rtt));
        return recent.Retransmitted > LeastLoss && recent.Retransmitted > LossPart * recent.Sent;
    }

    private void YieldToLoss()
    {
        EndQuiet();
        buffer = Math.Min(target, BufferPart * path.QueuePeak);
        // While bytes were lost the bottleneck was full. What was delivered before that, on the way up, is less.
        ceiling = Math.Min(available, Math.Max(path.Recent, path.Latest));
        ceilingEnds = now + CeilingSeconds;
        rate = available = AfterLoss * ceiling;

        // What was lost before this answer is still being sent again for a while.
        lossCounts = now + Math.Max(0.1, path.Rtt) + Round;
    }

    private void Bound(double elapsed, double floor)
    {
        if (phase == Phase.Begin)
        {
            rate = available = floor;
            return;
        }

        var proven = Math.Max(initial, MostProven * path.Delivery(Round));
        if (!IsPacedByUs && available > proven)
        {
            available = Math.Max(proven, available * Math.Pow(0.5, elapsed / ProvenHalfLife));
            rate = Math.Min(rate, available);
        }

        var least = Math.Max(LeastRate, floor);
        available = Math.Clamp(available, least, MostRate);
        rate = Math.Clamp(rate, least, MostRate);
    }

    private RateDecision Decide(in FlowAllowance allowance)
    {
        var own = rate >= Unbounded ? 0 : (long)rate;
        var (pace, hold) = allowance.Pacing(own);
        var share = hold == FlowHold.Share && allowance.IsShareEstimated && !path.IsApplicationLimited ? allowance.ShareBytesPerSecond : 0;
        var (probing, due) = probe.Update(now, share, allowance.ProbeBytesPerSecond > 0 ? allowance.ProbeBytesPerSecond : UnknownProbe * share, path);
        var burst = probing > share ? (long)probing : 0;
        if (probing > 0)
        {
            own = burst > 0 ? own : (long)probing;
            pace = allowance.Pacing(own, burst).BytesPerSecond;
        }

        held = hold == FlowHold.Delay && phase is Phase.Begin or Phase.StartUp ? FlowHold.StartUp : hold;
        pacing = pace == 0 ? rate : pace;
        return new RateDecision
        {
            BytesPerSecond = own,
            ProbeBytesPerSecond = burst,
            ProvedBytesPerSecond = (long)probe.Proved,
            ProbeMetQueue = probe.MetQueue,
            PacingBytesPerSecond = pace,
            HeldBy = path.IsApplicationLimited ? FlowHold.Application : held,
            QueueDelay = TimeSpan.FromSeconds(path.QueueDelay),
            SmoothedRtt = TimeSpan.FromSeconds(path.Rtt),
            BaseRtt = double.IsFinite(path.Base) ? TimeSpan.FromSeconds(path.Base) : TimeSpan.Zero,
            DeliveryBytesPerSecond = (long)path.Delivery(probe.IsMeasuring ? 0.02 : 0.1),
            RetransmittedBytes = (long)path.RetransmittedBytes,
            IsNetworkLimited = !path.IsApplicationLimited && (path.IsKernelLimited || path.QueueDelay > Math.Max(Quiet, LimitedPart * SetPoint)),
            IsQueueOfOthers = isQueueOfOthers,
            NextSample = TimeSpan.FromSeconds(Math.Min(path.IsIdle ? IdleSeconds : Interval, due)),
        };
    }
}
