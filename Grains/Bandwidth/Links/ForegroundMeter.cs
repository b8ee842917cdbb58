namespace Sluice.Bandwidth;

/// <summary>
/// What a link carries besides our own flows, smoothed, with peak hold. Pure: counters and time come in as arguments.
/// <para>
/// Foreground comes in bursts, and a share that was given away in a pause is in the way of the next burst. So a peak is held for <see cref="Hold"/> and then let go slowly: allocation leaves room for
/// what foreground needed lately, not only for what it takes at this moment.
/// </para>
/// </summary>
public sealed class ForegroundMeter
{
    /// <summary>A peak counts in full for so long: request patterns of a second or two are one load.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromSeconds(2);

    // A single interval's figure is the difference of two counters that were not read at the same instant.
    private const double SmoothingSeconds = 0.5;

    // After the hold: gone within ten seconds.
    private const double ReleaseSeconds = 3;

    // Two sets of counters never agree to the last packet; below this part of what is carried there is no foreground.
    private const double Noise = 0.01;

    private double smoothed;
    private double peak;
    private DateTimeOffset peakAt;

    /// <summary>The foreground to leave room for, bytes per second.</summary>
    public long BytesPerSecond => (long)peak;

    /// <summary>Takes note of one interval.</summary>
    /// <param name="carriedBytes">What the interface's counter says was carried.</param>
    /// <param name="ownBytes">How much of that was our own flows, packet headers included.</param>
    /// <param name="interval">Its length; above zero.</param>
    /// <param name="now">Its end; never goes back.</param>
    public void Count(long carriedBytes, long ownBytes, TimeSpan interval, DateTimeOffset now)
    {
        var foreground = carriedBytes - ownBytes;
        var rate = foreground <= carriedBytes * Noise ? 0 : foreground / interval.TotalSeconds;

        // An interval that is long beside the constants counts for all that was before it.
        smoothed += (rate - smoothed) * (1 - Math.Exp(-interval.TotalSeconds / SmoothingSeconds));
        if (smoothed >= peak)
        {
            (peak, peakAt) = (smoothed, now);
        }
        else if (now - peakAt > Hold)
        {
            peak = smoothed + (peak - smoothed) * Math.Exp(-interval.TotalSeconds / ReleaseSeconds);
        }
    }
}
