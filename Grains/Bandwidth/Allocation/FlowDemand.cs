namespace Sluice.Bandwidth;

/// <summary>
/// What a flow could use, as far as its sender's report tells. What a flow does not use is for others; but a flow that begins to use more must be able to grow until the next report. Pure.
/// </summary>
public static class FlowDemand
{
    // From report to report, four times a second, a flow can grow twofold: from a hundredth to the whole of a link within two seconds.
    private const long Growth = 2;

    // A log stream that stands still wakes up at its class's reservation, not at this.
    private const long Idle = 8 << 10;

    // A sender that spends so much of its pacing rate has more to send.
    private const double Backlogged = 0.7;

    /// <summary>A flow's demand in bytes per second; 0: as much as there is.</summary>
    /// <param name="report">Its sender's report.</param>
    /// <param name="floorBytesPerSecond">The floor of its node.</param>
    public static long Of(FlowReport report, long floorBytesPerSecond)
    {
        if (report.DemandBytesPerSecond > 0)
        {
            return Math.Max(report.DemandBytesPerSecond, Idle);
        }

        var rate = Math.Max(report.BytesPerSecond, report.DeliveryBytesPerSecond);
        return report.HeldBy switch
        {
            FlowHold.Application => Math.Max(Growth * report.BytesPerSecond, Idle),
            FlowHold.Delay => Math.Max(Growth * rate, floorBytesPerSecond),

            // Nobody has said what holds it. A copy always has more to send; a log only when it spends what it has.
            FlowHold.None when report.Flow.Kind == FlowKind.Log && !(report.PacingBytesPerSecond > 0 && report.BytesPerSecond >= Backlogged * report.PacingBytesPerSecond) =>
                Math.Max(Growth * report.BytesPerSecond, Idle),
            _ => 0,
        };
    }
}
