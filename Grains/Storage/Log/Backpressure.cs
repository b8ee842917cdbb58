namespace Sluice.Storage.Log;

/// <summary>One follower as backpressure sees it.</summary>
/// <param name="Follower">Which connection; another one begins anew.</param>
/// <param name="AcknowledgedBytes">Bytes of log up to what it has made durable.</param>
/// <param name="LagBytes">Bytes that it lacks.</param>
internal readonly record struct FollowerPressure(object Follower, long AcknowledgedBytes, long LagBytes);

/// <summary>
/// How fast a primary may be written so that every follower keeps up (<c>repl-backpressure</c>). Pure: figures and time come in as arguments.
/// <para>
/// A follower's own rate is what it makes durable while it has a backlog: link, allowance, disk and all, whatever of them is the narrowest. The writers get that rate, times a factor that follows the backlog: one
/// at the aim (a second's worth), less above it, more below, and no limit at all below half of it. So the backlog settles at the aim, with a time constant of a second, which is several times what measuring takes; writers who want less
/// than the followers' rate are never held; and who stops being too fast is released with the next decision. The factor never falls below three quarters: a backlog that grew before is worked off at a quarter of the
/// follower's rate, and writers are never stopped for it.
/// </para>
/// <para>
/// A follower that makes nothing durable at all for two seconds is not slow but stuck, paused or gone: nobody is slowed for it.
/// </para>
/// </summary>
internal sealed class Backpressure
{
    /// <summary>A follower's rate is measured over so long: frames, fsyncs and acknowledgements come in lumps of tenths of a second.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    /// <summary>And over so long at the least: before that nothing is decided.</summary>
    public static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(1);

    /// <summary>A follower without any progress for so long is left out.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromSeconds(2);

    /// <summary>Writers always get so much: a flow's floor by default.</summary>
    public const long LeastBytesPerSecond = 64 << 10;

    // The backlog that is aimed at, in time and bytes at the least: a frame or two, or all small lags would count as backlogs.
    private const double AimSeconds = 1;
    private const long LeastAimBytes = 256 << 10;
    private const double LeastFactor = 0.75;
    private const double NoLimitBelow = 0.5;

    private readonly Dictionary<object, Follower> followers = [];

    /// <summary>What may be written, bytes per second; null: as much as anybody likes.</summary>
    public long? LimitBytesPerSecond { get; private set; }

    /// <summary>Decides anew; several times a second.</summary>
    public void Decide(IReadOnlyCollection<FollowerPressure> pressures, TimeSpan now)
    {
        foreach (var gone in followers.Keys.Except(pressures.Select(pressure => pressure.Follower)).ToList())
        {
            followers.Remove(gone);
        }

        LimitBytesPerSecond = null;
        foreach (var pressure in pressures)
        {
            if (!followers.TryGetValue(pressure.Follower, out var follower))
            {
                followers[pressure.Follower] = follower = new Follower();
            }

            if (follower.Limit(pressure, now) is { } limit)
            {
                LimitBytesPerSecond = Math.Min(LimitBytesPerSecond ?? long.MaxValue, limit);
            }
        }
    }

    /// <summary>Nobody is slowed any more.</summary>
    public void Release()
    {
        followers.Clear();
        LimitBytesPerSecond = null;
    }

    private sealed class Follower
    {
        private readonly Queue<(TimeSpan At, long Bytes)> backlogged = new();
        private TimeSpan progressAt;
        private long bytes = -1;

        public long? Limit(FollowerPressure pressure, TimeSpan now)
        {
            if (pressure.AcknowledgedBytes != bytes)
            {
                (bytes, progressAt) = (pressure.AcknowledgedBytes, now);
            }

            // Without a backlog it makes durable what is written, not what it could.
            if (pressure.LagBytes == 0)
            {
                backlogged.Clear();
                return null;
            }

            backlogged.Enqueue((now, pressure.AcknowledgedBytes));
            while (backlogged.Count > 2 && now - backlogged.Peek().At > Window)
            {
                backlogged.Dequeue();
            }

            var (since, before) = backlogged.Peek();
            if (now - since < ShortestWindow || now - progressAt >= Stuck)
            {
                return null;
            }

            var rate = Math.Max(0, pressure.AcknowledgedBytes - before) / (now - since).TotalSeconds;
            var behind = pressure.LagBytes / Math.Max(rate * AimSeconds, LeastAimBytes);
            return behind < NoLimitBelow ? null : Math.Max(LeastBytesPerSecond, (long)(rate * Math.Max(LeastFactor, 2 - behind)));
        }
    }
}
