namespace Sluice.Replication;

/// <summary>
/// Decides when a connection is stalled: only when *no byte at all* arrived for longer than this connection's own past makes plausible. Pure: time comes in as an argument, counted from
/// any fixed origin. The estimator is RFC 6298's, over the times that reads waited for bytes. A read that is not under way (because the receiver is busy) never counts as silence.
/// </summary>
public sealed class StallDetector
{
    /// <summary>Both sides send something at least this often.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    // Five heartbeats: TCP itself needs several retransmissions, each waiting twice as long, to get over a burst of losses, and that is no stall.
    private static readonly TimeSpan Least = 5 * Heartbeat;
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(2);

    // What the RFC calls SRTT + 4 RTTVAR is a time that is *usually* enough. Taking a connection down needs more than that.
    private const double Patience = 4;

    private double smoothed;
    private double variation;
    private bool measured;
    private TimeSpan waitingSince;
    private bool waiting;

    /// <summary>The present limit: how long no byte may arrive.</summary>
    /// <param name="rsyncTimeout">What the operator allows at least (rsync-timeout-ms).</param>
    /// <param name="roundTripTime">TCP's smoothed round trip; zero when not known.</param>
    /// <param name="stallsBefore">How many connections in a row stalled before this one: each doubles the limit, as RFC 6298 (5.5) does.</param>
    public TimeSpan Limit(TimeSpan rsyncTimeout, TimeSpan roundTripTime, int stallsBefore)
    {
        var usual = TimeSpan.FromSeconds(Patience * (smoothed + 4 * variation)) + 4 * roundTripTime;
        var limit = Max(Max(rsyncTimeout, Least), usual) * Math.Pow(2, Math.Clamp(stallsBefore, 0, 16));
        return limit > Most ? Max(Most, rsyncTimeout) : limit;
    }

    /// <summary>A read is under way.</summary>
    public void ReadBegins(TimeSpan now)
    {
        waiting = true;
        waitingSince = now;
    }

    /// <summary>The read has brought bytes.</summary>
    public void BytesArrived(TimeSpan now)
    {
        var sample = Math.Max(0, (now - waitingSince).TotalSeconds);
        waiting = false;
        if (!measured)
        {
            // RFC 6298, 2.2.
            (measured, smoothed, variation) = (true, sample, sample / 2);
            return;
        }

        // RFC 6298, 2.3: alpha 1/8, beta 1/4.
        variation += (Math.Abs(smoothed - sample) - variation) / 4;
        smoothed += (sample - smoothed) / 8;
    }

    /// <summary>How long the present read has waited; zero when there is none.</summary>
    public TimeSpan Silence(TimeSpan now) => waiting && now > waitingSince ? now - waitingSince : TimeSpan.Zero;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
