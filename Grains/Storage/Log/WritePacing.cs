namespace Sluice.Storage.Log;

/// <summary>
/// When a write may go on under a limit on bytes per second: each waits until those before it have been paid for, so many writers are slowed alike and in order. Pure.
/// No debt is kept beyond the longest delay, which bounds how long any write waits.
/// </summary>
internal sealed class WritePacing
{
    private double debtBytes;
    private TimeSpan at;

    /// <summary>How long the debt of those who have gone on takes to be paid.</summary>
    /// <param name="bytes">What is about to be written.</param>
    /// <param name="bytesPerSecond">The limit.</param>
    /// <param name="longest">The longest delay.</param>
    /// <param name="now">The present time.</param>
    public TimeSpan Delay(long bytes, long bytesPerSecond, TimeSpan longest, TimeSpan now)
    {
        debtBytes = Math.Max(0, debtBytes - (now - at).TotalSeconds * bytesPerSecond);
        at = now;
        var delay = TimeSpan.FromSeconds(Math.Min(debtBytes / bytesPerSecond, longest.TotalSeconds));
        debtBytes = Math.Min(debtBytes + bytes, longest.TotalSeconds * bytesPerSecond);
        return delay;
    }
}
