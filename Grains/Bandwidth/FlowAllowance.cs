namespace Sluice.Bandwidth;

/// <summary>What a flow may send, its rate controller aside. In wire bytes per second.</summary>
/// <param name="ShareBytesPerSecond">Its part of the links' known capacities; 0: none is known.</param>
/// <param name="LimitBytesPerSecond">What operators allow it; 0: no limit.</param>
/// <param name="FloorBytesPerSecond">What it may send whatever its controller and the others say, within the limit; 0: nothing.</param>
/// <param name="IsPaused">It sends nothing but heartbeats.</param>
/// <param name="IsShareEstimated">The share comes from an estimated capacity: short probes may go above it, to find out whether the link has become faster.</param>
/// <param name="ProbeBytesPerSecond">Where such a probe begins; 0: not known.</param>
public readonly record struct FlowAllowance(
    long ShareBytesPerSecond, long LimitBytesPerSecond, long FloorBytesPerSecond, bool IsPaused = false, bool IsShareEstimated = false, long ProbeBytesPerSecond = 0)
{
    /// <summary>
    /// The pacing rate: min(limit, max(floor, min(share, controller))), and what decides it. A probe takes the place of share and controller for its short time, but never of the limit.
    /// </summary>
    /// <param name="controllerBytesPerSecond">The rate controller's rate; 0: it has none.</param>
    /// <param name="probeBytesPerSecond">The rate of a probe that is under way; 0: none is.</param>
    /// <returns>Bytes per second, 0: nothing limits the flow.</returns>
    public (long BytesPerSecond, FlowHold HeldBy) Pacing(long controllerBytesPerSecond, long probeBytesPerSecond = 0)
    {
        var (rate, hold) = (controllerBytesPerSecond, controllerBytesPerSecond == 0 ? FlowHold.None : FlowHold.Delay);
        if (ShareBytesPerSecond > 0 && (rate == 0 || ShareBytesPerSecond < rate))
        {
            (rate, hold) = (ShareBytesPerSecond, FlowHold.Share);
        }

        if (rate > 0 && rate <= FloorBytesPerSecond)
        {
            (rate, hold) = (FloorBytesPerSecond, FlowHold.Floor);
        }

        rate = rate > 0 ? Math.Max(rate, probeBytesPerSecond) : 0;
        return LimitBytesPerSecond > 0 && (rate == 0 || LimitBytesPerSecond <= rate) ? (LimitBytesPerSecond, FlowHold.Limit) : (rate, hold);
    }
}
