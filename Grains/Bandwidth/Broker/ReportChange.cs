namespace Sluice.Bandwidth;

/// <summary>Whether a node's report says something that the grants made from the one before do not know. Pure.</summary>
public static class ReportChange
{
    // A link's figures tremble; grants follow in steps of a fiftieth of its capacity.
    private const int LinkSteps = 50;

    // Demands follow the rate from report to report; an eighth more or less changes nobody's share much.
    private const int DemandSteps = 8;

    /// <summary>Whether the grants should be made anew.</summary>
    public static bool Matters(NodeBandwidthReport before, NodeBandwidthReport after)
    {
        if (before.IngressLimit != after.IngressLimit || before.EgressLimit != after.EgressLimit || before.FloorBytesPerSecond != after.FloorBytesPerSecond
            || before.HeadroomPercent != after.HeadroomPercent || before.Flows.Length != after.Flows.Length || before.Links.Length != after.Links.Length
            || !before.Routes.AsSpan().SequenceEqual(after.Routes.AsSpan()))
        {
            return true;
        }

        for (var i = 0; i < after.Links.Length; i++)
        {
            if (Differ(before.Links[i], after.Links[i]))
            {
                return true;
            }
        }

        for (var i = 0; i < after.Flows.Length; i++)
        {
            if (Differ(before.Flows[i], after.Flows[i], after.FloorBytesPerSecond))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Differ(LinkReport before, LinkReport after)
    {
        var step = after.CapacityBytesPerSecond / LinkSteps;
        return before.Interface != after.Interface || before.Direction != after.Direction || before.CapacitySource != after.CapacitySource
            || Math.Abs(before.CapacityBytesPerSecond - after.CapacityBytesPerSecond) > step || Math.Abs(before.ForegroundBytesPerSecond - after.ForegroundBytesPerSecond) > step;
    }

    private static bool Differ(FlowReport before, FlowReport after, long floor)
    {
        var (had, has) = (FlowDemand.Of(before, floor), FlowDemand.Of(after, floor));
        return before.Flow != after.Flow || before.Class != after.Class || before.Interface != after.Interface
            || had == 0 != (has == 0) || Math.Abs(had - has) > Math.Max(had, has) / DemandSteps;
    }
}
