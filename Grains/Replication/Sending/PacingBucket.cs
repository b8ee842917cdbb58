namespace Sluice.Replication;

/// <summary>
/// Says when a paced flow may send how much: a token bucket that may go into debt by one slice. Pure: time comes in as an argument, counted from any fixed origin.
/// <para>
/// Why there is one although the kernel paces too (measured on Linux 6.18, see docs and the pacing tests): the kernel does not pace the first ten segments of a connection, which on loopback are
/// 640 KiB; it counts payload, not packets; and a buffer that it has accepted can no longer be held back when the rate falls. The bucket keeps the long-term rate exact and
/// the kernel's queue short; the kernel spreads each slice evenly.
/// </para>
/// </summary>
public sealed class PacingBucket
{
    // A slice is what goes to the kernel at once: 4 ms worth keeps the timer's millisecond small against it.
    private const double SliceSeconds = 0.004;
    private const int MaxSlice = 256 << 10;
    private const int MinSlice = 2 << 10;

    // What a sender that was held up (by disk, window, scheduler) may catch up. Under a limit, whose average must be exact, more would be a burst, less would lose rate to every hiccup of a busy
    // machine. A rate that is all the path bears leaves no room for catching up: a burst would stand in the queue. There the depth is what the target queue delay allows, and the controller makes
    // good what is lost.
    private const double LimitDepthSeconds = 0.1;
    private const double PathDepthSeconds = 0.01;

    private long rate;
    private double depthSeconds = LimitDepthSeconds;
    private double tokens;
    private TimeSpan updated;

    /// <summary>Begins with nothing saved up.</summary>
    /// <param name="bytesPerSecond">0: no limit.</param>
    /// <param name="now">Now.</param>
    public PacingBucket(long bytesPerSecond, TimeSpan now)
    {
        rate = bytesPerSecond;
        updated = now;
    }

    /// <summary>The rate in bytes per second; 0: no limit.</summary>
    public long BytesPerSecond => rate;

    /// <summary>Changes the rate, from now on. Debt made at a higher rate is cut to one slice of the new one, so that a fall to a trickle is not a silence of minutes.</summary>
    /// <param name="bytesPerSecond">0: no limit.</param>
    /// <param name="isLimit">The rate is a limit whose average must be kept, not what the path bears.</param>
    /// <param name="now">Now.</param>
    public void SetRate(long bytesPerSecond, bool isLimit, TimeSpan now)
    {
        var seconds = isLimit ? LimitDepthSeconds : PathDepthSeconds;
        if (rate == bytesPerSecond && depthSeconds == seconds)
        {
            return;
        }

        Refill(now);
        (rate, depthSeconds) = (bytesPerSecond, seconds);
        tokens = rate == 0 ? 0 : Math.Clamp(tokens, -Slice(rate), rate * depthSeconds);
    }

    /// <summary>How many bytes may go to the kernel now: 0 means wait for <see cref="Wait"/>.</summary>
    public int Allowed(TimeSpan now)
    {
        if (rate == 0)
        {
            return int.MaxValue;
        }

        Refill(now);
        return tokens >= 0 ? Slice(rate) : 0;
    }

    /// <summary>How long nothing may be sent.</summary>
    public TimeSpan Wait(TimeSpan now)
    {
        Refill(now);
        return rate == 0 || tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-tokens / rate);
    }

    /// <summary>Takes note of bytes that went onto the wire, packet headers included.</summary>
    public void Spend(double wireBytes, TimeSpan now)
    {
        Refill(now);
        if (rate != 0)
        {
            tokens -= wireBytes;
        }
    }

    /// <summary>What may go to the kernel at once at a rate: 4 ms worth within 2 KiB and 256 KiB, but never more than half a second's worth.</summary>
    public static int Slice(long bytesPerSecond)
    {
        var slice = Math.Clamp(bytesPerSecond * SliceSeconds, MinSlice, MaxSlice);
        return (int)Math.Max(1, Math.Min(slice, bytesPerSecond / 2.0));
    }

    private void Refill(TimeSpan now)
    {
        if (now > updated)
        {
            tokens = Math.Min(rate * depthSeconds, tokens + rate * (now - updated).TotalSeconds);
            updated = now;
        }
    }
}
