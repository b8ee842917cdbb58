namespace Sluice.Bandwidth;

/// <summary>
/// What the senders may believe to be theirs: for each flow the most that it may send by what it has in force, as its sender's last report says, and by what was answered since. Pure.
/// <para>
/// Senders hear of a new plan one after the other. A flow that is to have more must not begin with it before those that are to have less have said that they keep to it: so a decrease is told at once and counts
/// when it is confirmed, and an increase is given only as far as there is room beside all that is in force. Then the sum on a link is never above what the link has to give, at no instant, whichever
/// answers are late or lost; only what the link itself loses, and the floors of flows that join, can exceed it until the next reports.
/// </para>
/// </summary>
internal sealed class RateLedger
{
    // A sixteenth: plans tremble with what foreground leaves, and that is no reason to hurry.
    private const long Much = 16;

    private readonly Dictionary<FlowId, Entry> flows = [];
    private readonly Dictionary<LinkKey, long> used = [];

    /// <summary>A sender says what a flow has in force, bytes per second; 0: nothing.</summary>
    public void InForce(FlowId flow, long rate) => Set(flow, flows.GetValueOrDefault(flow) with { Rate = Math.Clamp(rate, 0, BandwidthAllocator.MaxRate) });

    /// <summary>Whether a sender has told of the flow.</summary>
    public bool Knows(FlowId flow) => flows.ContainsKey(flow);

    /// <summary>A flow has ended, or its grant has expired.</summary>
    public void Forget(FlowId flow)
    {
        Set(flow, default);
        flows.Remove(flow);
    }

    /// <summary>Says what a flow crosses; nothing happens when the flow is not known.</summary>
    public void Route(FlowId flow, Crossing egress, Crossing ingress)
    {
        if (flows.TryGetValue(flow, out var entry) && (entry.Egress != egress.Key || entry.Ingress != ingress.Key))
        {
            Set(flow, entry with { Egress = egress.Key, Ingress = ingress.Key });
        }
    }

    /// <summary>What may be given now of what is planned for a flow, and whether all is about as planned: not much is held back, and the flow has not much more in force.</summary>
    /// <param name="flow">The flow, as routed.</param>
    /// <param name="planned">Bytes per second; 0 is no figure at all, and given as it is.</param>
    /// <param name="floor">What its node lets every flow send: given whatever the others have.</param>
    /// <param name="mayRise">Whether it may have more than it has in force, if there is room.</param>
    /// <param name="egress">What it crosses at its sender.</param>
    /// <param name="ingress">What it crosses at its receiver.</param>
    public (long BytesPerSecond, bool IsSettled) Give(FlowId flow, long planned, long floor, bool mayRise, Crossing egress, Crossing ingress)
    {
        var entry = flows[flow];
        if (planned <= entry.Rate)
        {
            return (planned, planned == 0 || entry.Rate - planned <= planned / Much);
        }

        var room = mayRise ? Math.Max(0, Math.Min(Room(egress), Room(ingress))) : 0;
        var given = room >= planned - entry.Rate ? planned : Math.Max(Math.Min(floor, planned), entry.Rate + room);
        Set(flow, entry with { Rate = given });
        return (given, planned - entry.Rate <= planned / Much);
    }

    private long Room(Crossing link) => link is { Key: { } key, Available: > 0 } ? link.Available - used.GetValueOrDefault(key) : BandwidthAllocator.MaxRate;

    private void Set(FlowId flow, Entry entry)
    {
        var before = flows.GetValueOrDefault(flow);
        Count(before.Egress, -before.Rate);
        Count(before.Ingress, -before.Rate);
        Count(entry.Egress, entry.Rate);
        Count(entry.Ingress, entry.Rate);
        flows[flow] = entry;
    }

    private void Count(LinkKey? link, long rate)
    {
        if (link is { } key && rate != 0)
        {
            var sum = used.GetValueOrDefault(key) + rate;
            if (sum == 0)
            {
                used.Remove(key);
            }
            else
            {
                used[key] = sum;
            }
        }
    }

    private readonly record struct Entry(long Rate, LinkKey? Egress, LinkKey? Ingress);
}

/// <summary>Something that a flow crosses.</summary>
/// <param name="Key">Its name; null: not known.</param>
/// <param name="Available">What it has to give, bytes per second; 0: not known, or no limit.</param>
internal readonly record struct Crossing(LinkKey? Key, long Available);
