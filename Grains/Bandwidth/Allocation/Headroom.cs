namespace Sluice.Bandwidth;

/// <summary>The part of a link's capacity that copies leave free, so that foreground which comes finds room before they have yielded.</summary>
internal static class Headroom
{
    // A tenth of what is known for sure. An estimate is what flows could carry while they were held at their target queue delay, foreground included: the room is in that delay, and a flow that is held below the
    // estimate could neither confirm it nor notice a rise but by probes.
    private const int OfKnownCapacity = 10;

    // The least that a controller can tell from the jitter of quiet hosts.
    private static readonly TimeSpan WhileUnknown = TimeSpan.FromMilliseconds(3);

    /// <summary>What a node's setting leaves of one of its links, 0 to 90 per cent.</summary>
    public static int PercentOf(int setting, CapacitySource source) => setting switch
    {
        NodeBandwidthReport.AutoHeadroom => source == CapacitySource.Estimated ? 0 : OfKnownCapacity,
        _ => Math.Clamp(setting, 0, 90),
    };

    /// <summary>What a flow may let stand in queues: who orders headroom wants them empty, and as long as no capacity is known that it could be a part of, nothing but this leaves room.</summary>
    public static TimeSpan TargetQueueDelay(int setting, TimeSpan target, bool isCapacityKnown) =>
        setting <= 0 || isCapacityKnown || target < WhileUnknown ? target : WhileUnknown;
}
