namespace Sluice.Bandwidth;

/// <summary>What the flows that cross a link say of it in one interval; <see cref="LinkAttribution"/> finds it out.</summary>
public enum LinkEvidence
{
    /// <summary>Nothing: no flow crosses it, or only such as had nothing to send, or whose bottleneck is elsewhere.</summary>
    None = 0,

    /// <summary>A flow that had more to send found no queue: there is room, and something else holds it.</summary>
    Open = 1,

    /// <summary>As <see cref="Open"/>, and what holds a flow is its share: if the link were believed to have more, more would be sent.</summary>
    Held = 2,

    /// <summary>Every flow that crosses it and has more to send is held by the network, and this link explains it: what it carries is all that it can.</summary>
    Limited = 3,
}

/// <summary>One interval of one link. Rates in wire bytes per second, packet headers included.</summary>
/// <param name="CarriedBytesPerSecond">What was delivered over it: flows and foreground.</param>
/// <param name="Evidence">What the flows say.</param>
/// <param name="ConfiguredBytesPerSecond">What the operator says; 0: nothing.</param>
/// <param name="InterfaceBytesPerSecond">The interface's speed; 0: not known.</param>
/// <param name="ProvedBytesPerSecond">A flow's probe has shown that it passes so much without a queue; 0: none has.</param>
/// <param name="ProbeMetQueue">A flow's probe met a queue: it has no more than is believed.</param>
public readonly record struct LinkObservation(
    long CarriedBytesPerSecond, LinkEvidence Evidence, long ConfiguredBytesPerSecond = 0, long InterfaceBytesPerSecond = 0, long ProvedBytesPerSecond = 0, bool ProbeMetQueue = false);

/// <summary>A link's capacity.</summary>
/// <param name="BytesPerSecond">Wire bytes per second; 0: not known.</param>
/// <param name="Source">How it is known.</param>
/// <param name="NormalBytesPerSecond">What it should be: what configuration or interface say, and where they say nothing, the most that it carried within the last hour; 0: not known.</param>
public readonly record struct LinkCapacity(long BytesPerSecond, CapacitySource Source, long NormalBytesPerSecond)
{
    /// <summary>The estimate is clearly below what the link should have.</summary>
    public bool IsDegraded => Source == CapacitySource.Estimated && BytesPerSecond < NormalBytesPerSecond * LinkEstimator.NominalEnough;
}

/// <summary>
/// The capacity of one link: one node's interface in one direction. Pure: observations and time come in as arguments.
/// <para>
/// Three things are known of a link: what the operator says, what the interface says, and what flows observe. The first counts for more than the second. The third counts when it is *less*: in the incident
/// (design.md) the interface was up at its full speed while a tenth of it got through. It is never believed from flows that had nothing to send: that they send little says nothing of the link.
/// </para>
/// <para>
/// **Fall.** While flows are limited by the link, what it carries (all flows and foreground together) is what it can carry. The estimate is the largest such figure of the last <see cref="Window"/>, so that one slow
/// interval does not lower it, and it is believed when the evidence has lasted for <see cref="Confirmation"/>: a fall is known 1 to 1.5 s after the flows feel it.
/// **Rise.** Once there is an estimate, flows get shares of it: where these leave headroom, they fill the queue no more and would never learn of a rise. So a flow that only its share holds probes above it every three
/// seconds (<see cref="RateControl.ShareProbe"/>). When it finds room, the estimate is raised to what was proved, by a quarter at the least, and when what is carried follows, further and further. The first sign of a limit
/// takes it back to what was proved. A probe that meets a queue confirms the estimate, at the cost of a few milliseconds of queue for a moment; a true rise is found within 5 s.
/// **Forgetting.** What nobody confirmed for <see cref="Memory"/> is forgotten; what reaches nine tenths of the nominal capacity is the nominal capacity.
/// </para>
/// </summary>
public sealed class LinkEstimator
{
    /// <summary>Limited observations within this time count, the largest of them: several report intervals (250 ms), and short enough that a fall is known within 2 s.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(1500);

    /// <summary>Evidence must last for so long before a new or a lower estimate is believed: a burst of foreground that fills a queue for half a second is no degraded link.</summary>
    public static readonly TimeSpan Confirmation = TimeSpan.FromSeconds(1);

    /// <summary>An estimate that no observation confirmed for so long is forgotten. A minute: longer than the pause between two copies, shorter than anybody's patience with a stale limit.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    /// <summary>Observations that are further apart than this don't belong together: the flows have changed meanwhile.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromSeconds(3);

    // Ethernet's preamble, gap and checksum alone are 2 % of a link that interface counters don't show; what comes this near to the nominal capacity is not degraded.
    internal const double NominalEnough = 0.9;

    // Of two halves the older one is dropped: the most of the last half hour to an hour.
    private static readonly TimeSpan HalfOfMost = TimeSpan.FromMinutes(30);

    // A short probe may have proved more than the link has, where a shaper lets a burst through: a quarter is enough to rise above the noise of 250 ms, and little enough for the controllers to absorb.
    private const double ProbeGain = 1.25;

    // Counters jitter by a few per cent from interval to interval.
    private const double Noise = 1.05;

    // Once a quarter more was carried there is a rise: then half as much again with each observation, five times as much a second.
    private const double Growth = 1.5;

    // While a rise is looked for, what is carried must grow with the estimate; if it does not, something else holds the flows.
    private const double FollowsAtLeast = 1.1;

    // Once it grows, what is carried lags behind by the reports' way: about three observations.
    private const double StillFollows = 0.2;

    // Two report intervals for the share to arrive, two to be seen.
    private static readonly TimeSpan FollowsWithin = TimeSpan.FromSeconds(1.25);

    private readonly Queue<(DateTimeOffset At, long Carried)> limited = new();
    private DateTimeOffset limitedSince;
    private bool isLimited;
    private DateTimeOffset last = DateTimeOffset.MinValue;
    private DateTimeOffset confirmed;
    private DateTimeOffset mostSince;
    private long before;
    private long most;
    private long mostBefore;
    private long nominal;
    private CapacitySource nominalSource;
    private long estimate;
    private Probe? probe;

    /// <summary>The capacity as it is known now.</summary>
    public LinkCapacity Capacity
    {
        get
        {
            var believed = probe?.Limit ?? estimate;
            var normal = nominal > 0 ? nominal : Math.Max(mostBefore, most);
            return believed > 0 && (nominal == 0 || believed < nominal * NominalEnough)
                ? new LinkCapacity(believed, CapacitySource.Estimated, normal)
                : new LinkCapacity(nominal, nominalSource, normal);
        }
    }

    /// <summary>Takes note of one interval.</summary>
    /// <param name="observation">What was observed.</param>
    /// <param name="now">The present time; never goes back.</param>
    public void Observe(LinkObservation observation, DateTimeOffset now)
    {
        TakeNominal(observation);
        if (now - last > Gap)
        {
            NotLimited();
            probe = null;
            before = 0;
        }

        // Two intervals together: what a shaper's token bucket or a late timer lets through in one is missing in the other. But not one that was limited and one that was not.
        var carried = before == 0 || (observation.Evidence == LinkEvidence.Limited && !isLimited) ? observation.CarriedBytesPerSecond : (before + observation.CarriedBytesPerSecond) / 2;
        before = observation.CarriedBytesPerSecond;
        last = now;
        Remember(carried, now);
        if (observation.Evidence == LinkEvidence.Limited && carried > 0)
        {
            Fall(carried, now);
        }
        else
        {
            NotLimited();
            Rise(observation, carried, now);
        }

        if (estimate > 0 && (now - confirmed > Memory || (nominal > 0 && estimate >= nominal * NominalEnough)))
        {
            Forget();
        }
    }

    private void TakeNominal(LinkObservation observation)
    {
        var (said, source) = observation switch
        {
            { ConfiguredBytesPerSecond: > 0 } => (observation.ConfiguredBytesPerSecond, CapacitySource.Configured),
            { InterfaceBytesPerSecond: > 0 } => (observation.InterfaceBytesPerSecond, CapacitySource.Interface),
            _ => (0, CapacitySource.Unknown),
        };
        if (said != nominal && nominal > 0)
        {
            // Another cable, another switch, another opinion of the operator: what was observed before is of another link.
            Forget();
        }

        (nominal, nominalSource) = (said, source);
    }

    private void Remember(long carried, DateTimeOffset now)
    {
        if (now - mostSince > HalfOfMost)
        {
            (mostBefore, most, mostSince) = (now - mostSince > 2 * HalfOfMost ? 0 : most, 0, now);
        }

        most = Math.Max(most, carried);
    }

    private void Fall(long carried, DateTimeOffset now)
    {
        if (probe is { } tried)
        {
            // The queue has answered: back to what was proved, and what was carried with a queue is proved too.
            estimate = Math.Max(tried.Proved, carried);
            confirmed = now;
            probe = null;
        }

        if (!isLimited)
        {
            // Half of it may have been before the fall.
            (isLimited, limitedSince) = (true, now);
            return;
        }

        limited.Enqueue((now, carried));
        while (now - limited.Peek().At > Window)
        {
            limited.Dequeue();
        }

        if (now - limitedSince >= Confirmation)
        {
            estimate = limited.Max(sample => sample.Carried);
            confirmed = now;
        }
    }

    private void Rise(LinkObservation observation, long carried, DateTimeOffset now)
    {
        if (estimate == 0)
        {
            return;
        }

        if (carried > estimate * Noise)
        {
            // More than it was believed to have, whoever sent it.
            estimate = carried;
            confirmed = now;
        }

        if (observation.ProbeMetQueue)
        {
            confirmed = now;
        }

        if (observation.Evidence != LinkEvidence.Held)
        {
            probe = null;
        }
        else if (probe is { } running)
        {
            Continue(running with { Limit = Math.Max(running.Limit, observation.ProvedBytesPerSecond) }, carried, now);
        }
        else if (observation.ProvedBytesPerSecond > estimate * Noise)
        {
            probe = new Probe(estimate, Math.Max(observation.ProvedBytesPerSecond, (long)(estimate * ProbeGain)), estimate, carried, now, Followed: false);
        }
    }

    private void Continue(Probe running, long carried, DateTimeOffset now)
    {
        running = running with { Proved = Math.Max(running.Proved, carried) };
        if (!running.Followed)
        {
            // The new share reaches the flows with the next reports, and is seen in the counters after that.
            var followed = carried > running.Before * FollowsAtLeast;
            probe = followed ? running with { Followed = true, Limit = (long)(running.Limit * Growth) } : now - running.Began < FollowsWithin ? running : null;
        }
        else
        {
            probe = carried >= running.Before * StillFollows * running.Limit / running.From ? running with { Limit = (long)(running.Limit * Growth) } : null;
        }

        estimate = Math.Max(estimate, running.Proved);
        if (probe is { } further && nominal > 0 && further.Limit >= nominal / NominalEnough)
        {
            Forget();
        }
    }

    private void Forget()
    {
        estimate = 0;
        probe = null;
        NotLimited();
    }

    private void NotLimited()
    {
        isLimited = false;
        limited.Clear();
    }

    // Limit: what the capacity is said to be meanwhile. From: what it was said to be before. Before: what was carried then, which headroom keeps below it.
    private readonly record struct Probe(long Proved, long Limit, long From, long Before, DateTimeOffset Began, bool Followed);
}
