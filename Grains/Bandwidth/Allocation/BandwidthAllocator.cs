namespace Sluice.Bandwidth;

/// <summary>
/// Divides links among flows: weighted max-min fair over all links that a flow crosses, floors and reservations first. Pure, exact, in integer bytes per second.
/// <para>
/// The rule. A flow's rate is clamp(level × weight, reserved, cap): one level for all, raised from 0. A flow that reaches its cap (the smaller of its limit and its demand) stops there. When a link
/// is full, the flows on it stop where they are; the others go on (progressive filling, Bertsekas and Gallager, Data Networks, section 6.5). What is reserved was given out before in
/// the same way: first all flows rise together to their floors, then all to their reservations, each in proportion to its own, so that floors or reservations that exceed a link are scaled down together.
/// A reservation is part of a flow's share and not on top of it, as in mClock (Gulati, Merchant and Varman, OSDI 2010): it matters only where the fair share is less.
/// </para>
/// <para>
/// Reservation, limit and weight are those of one flow, not of all flows of a class together: mClock's client is here the flow, and its class is where its terms stand. Shares by class per link would
/// not be defined for flows that cross two links with different company; shares by flow are (the max-min allocation is unique), nobody's share depends on how flows are counted, and how many flows a
/// class can have on a link is bounded by admission. A bound on all copies of a node together is a link of its own here (throttle-bytes-per-second, sync-egress-bytes-per-second).
/// </para>
/// <para>
/// Exact and independent of the order of the input: levels are fractions of integers and are compared as such; links that fill up at the same level are closed together; every rate is rounded down to a
/// whole byte per second once, when its flow stops. So a full link may keep less than one byte per second for each flow on it.
/// </para>
/// <para>
/// Fast: each link knows the level at which it would be full from two sums, over the flows that have stopped or stand at what is reserved for them and over the weights of the others. The flow that stops changes two
/// additions in each of its links. That level never falls, so the next link comes from a heap whose keys may be out of date on the low side. O(F log F + L log L) for F flows and L links.
/// </para>
/// </summary>
public static class BandwidthAllocator
{
    /// <summary>The largest rate, bytes per second, and what a flow gets that nothing limits.</summary>
    public const long MaxRate = PolicyEditing.MaxRate;

    /// <summary>Divides the links.</summary>
    public static Allocation Allocate(AllocationProblem problem) => Allocate(problem, fillLevel: true);

    /// <summary>Only what is reserved: floors, then reservations, scaled down together where they exceed a link.</summary>
    public static Allocation Reserve(AllocationProblem problem) => Allocate(problem, fillLevel: false);

    private static Allocation Allocate(AllocationProblem problem, bool fillLevel)
    {
        var flows = problem.FlowCount;
        var weights = new long[flows];
        var caps = new long[flows];
        var rates = new long[flows];
        for (var flow = 0; flow < flows; flow++)
        {
            var terms = problem.Terms(flow);
            (weights[flow], caps[flow]) = (terms.Floor, Math.Min(terms.Floor, terms.Cap));
        }

        var filling = new ProgressiveFilling(problem);
        Reserve(filling, weights, caps, rates);
        for (var flow = 0; flow < flows; flow++)
        {
            var terms = problem.Terms(flow);
            (weights[flow], caps[flow]) = (terms.Reservation, Math.Max(rates[flow], Math.Min(terms.Reservation, terms.Cap)));
        }

        Reserve(filling, weights, caps, rates);
        if (!fillLevel)
        {
            return new Allocation(rates, filling.Bottlenecks);
        }

        for (var flow = 0; flow < flows; flow++)
        {
            var terms = problem.Terms(flow);
            (weights[flow], caps[flow]) = (terms.Weight, terms.Cap);
        }

        filling.Fill(weights, rates, caps, rates);
        return new Allocation(rates, filling.Bottlenecks);
    }

    // Nearly always everything that is reserved fits, and then there is nothing to divide.
    private static void Reserve(ProgressiveFilling filling, long[] shares, long[] targets, long[] rates)
    {
        if (filling.Fits(targets))
        {
            targets.CopyTo(rates, 0);
            return;
        }

        filling.Fill(shares, rates, targets, rates);
    }
}

/// <summary>Who gets how much.</summary>
/// <param name="BytesPerSecond">Each flow's rate, by its number; <see cref="BandwidthAllocator.MaxRate"/>: nothing limits it.</param>
/// <param name="Bottlenecks">The link that holds each flow where it is; <see cref="OwnCap"/> when its own limit or demand does.</param>
public sealed record Allocation(long[] BytesPerSecond, int[] Bottlenecks)
{
    /// <summary>No link but the flow's own limit or demand holds it.</summary>
    public const int OwnCap = -1;
}
