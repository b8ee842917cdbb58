namespace Sluice.Bandwidth;

/// <summary>The part of a link's capacity that copies leave free, so that foreground which comes finds room before they have yielded.</summary>
internal static class Headroom
{
    // A tenth of what is known for sure. An estimate is what flows could carry while they were held at their target queue delay, foreground included: the room is in that delay, and a flow that is held below the
    // estimate could neither confirm it nor notice a rise but by probes.
    private const int OfKnownCapacity = 10;

    /// <summary>What a node's setting leaves of one of its links, 0 to 90 per cent.</summary>
    public static int PercentOf(int setting, CapacitySource source) => setting switch
    {
        NodeBandwidthReport.AutoHeadroom => source == CapacitySource.Estimated ? 0 : OfKnownCapacity,
        _ => Math.Clamp(setting, 0, 90),
    };
}
