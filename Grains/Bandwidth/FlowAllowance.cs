namespace Sluice.Bandwidth;

/// <summary>What a flow may send, its rate controller aside. In wire bytes per second.</summary>
/// <param name="ShareBytesPerSecond">Its part of the links' known capacities; 0: none is known.</param>
/// <param name="LimitBytesPerSecond">What operators allow it; 0: no limit.</param>
/// <param name="FloorBytesPerSecond">What it may send whatever its controller and the others say, within the limit; 0: nothing.</param>
/// <param name="IsPaused">It sends nothing but heartbeats.</param>
public readonly record struct FlowAllowance(long ShareBytesPerSecond, long LimitBytesPerSecond, long FloorBytesPerSecond, bool IsPaused)
{
    /// <summary>The pacing rate: min(limit, max(floor, min(share, controller))).</summary>
    /// <param name="controllerBytesPerSecond">The rate controller's rate; 0: it has none.</param>
    /// <returns>Bytes per second; 0: nothing limits the flow.</returns>
    public long Pacing(long controllerBytesPerSecond)
    {
        var found = Smaller(ShareBytesPerSecond, controllerBytesPerSecond);
        return Smaller(LimitBytesPerSecond, found == 0 ? 0 : Math.Max(FloorBytesPerSecond, found));
    }

    private static long Smaller(long a, long b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);
}
