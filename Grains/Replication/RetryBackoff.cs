namespace Sluice.Replication;

/// <summary>
/// How long to wait before the next attempt: doubling from the first pause to the longest, each with "equal jitter" (half of it fixed, half random), so that replicas that lost the same
/// primary do not come back together, and none at once. Pure but for its place in the sequence and the given random source.
/// </summary>
public sealed class RetryBackoff
{
    private readonly Random random;
    private readonly TimeSpan first;
    private readonly TimeSpan longest;
    private int attempts;

    /// <summary>Begins with the first pause.</summary>
    /// <param name="random">A seeded source.</param>
    /// <param name="first">The first pause, before jitter; null: 250 ms.</param>
    /// <param name="longest">No pause is longer; null: 30 s.</param>
    public RetryBackoff(Random random, TimeSpan? first = null, TimeSpan? longest = null)
    {
        this.random = random;
        this.first = first ?? TimeSpan.FromMilliseconds(250);
        this.longest = longest ?? TimeSpan.FromSeconds(30);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(this.first, TimeSpan.Zero, nameof(first));
        ArgumentOutOfRangeException.ThrowIfLessThan(this.longest, this.first, nameof(longest));
    }

    /// <summary>How many pauses were taken since the beginning or the last <see cref="Reset"/>.</summary>
    public int Attempts => attempts;

    /// <summary>The next pause: at least half of the step, at most the step.</summary>
    public TimeSpan Next()
    {
        // Beyond 2^30 the longest pause decides anyway.
        var step = first * Math.Pow(2, Math.Min(attempts, 30));
        attempts++;
        step = step > longest ? longest : step;
        return step / 2 + step / 2 * random.NextDouble();
    }

    /// <summary>Something succeeded: begins anew.</summary>
    public void Reset() => attempts = 0;
}
