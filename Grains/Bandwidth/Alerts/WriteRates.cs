namespace Sluice.Bandwidth;

/// <summary>How fast shards are written, from counters that only grow. Pure: counters and time come in as arguments.</summary>
public sealed class WriteRates
{
    // Writers have bursts; whether a replica can keep up is a question of many seconds.
    private const double SmoothingSeconds = 10;

    private readonly Dictionary<int, (long Bytes, double Rate, DateTimeOffset At)> shards = [];

    /// <summary>Takes note of a shard's counter.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="writtenBytes">Bytes that were written since some beginning; smaller than before: a new beginning.</param>
    /// <param name="now">The present time.</param>
    /// <returns>Its rate, bytes per second.</returns>
    public long Count(int shard, long writtenBytes, DateTimeOffset now)
    {
        if (!shards.TryGetValue(shard, out var before) || writtenBytes < before.Bytes)
        {
            shards[shard] = (writtenBytes, 0, now);
            return 0;
        }

        var seconds = (now - before.At).TotalSeconds;
        if (seconds <= 0)
        {
            return (long)before.Rate;
        }

        var rate = before.Rate + ((writtenBytes - before.Bytes) / seconds - before.Rate) * (1 - Math.Exp(-seconds / SmoothingSeconds));
        shards[shard] = (writtenBytes, rate, now);
        return (long)rate;
    }

    /// <summary>Forgets the shards that are not counted any more.</summary>
    public void Keep(IReadOnlySet<int> counted)
    {
        foreach (var gone in shards.Keys.Where(shard => !counted.Contains(shard)).ToList())
        {
            shards.Remove(gone);
        }
    }
}
