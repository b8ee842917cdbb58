using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>Something that is wrong at this moment; it becomes an alert when it stays so.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="FromBytesPerSecond">See <see cref="BandwidthAlert.FromBytesPerSecond"/>.</param>
/// <param name="ToBytesPerSecond">See <see cref="BandwidthAlert.ToBytesPerSecond"/>.</param>
/// <param name="Text">What happens and what to do about it.</param>
public readonly record struct AlertCondition(AlertKind Kind, string Subject, long FromBytesPerSecond, long ToBytesPerSecond, string Text);

/// <summary>An alert begins or ends.</summary>
/// <param name="Alert">The alert.</param>
/// <param name="IsRaised">False: it has ended.</param>
public readonly record struct AlertChange(BandwidthAlert Alert, bool IsRaised);

/// <summary>
/// Makes alerts of conditions, with hysteresis: a condition must hold without a break for some time to raise its alert, and be gone without a break for some time to clear it. A condition that comes and
/// goes faster than that changes nothing. Pure: conditions and time come in as arguments.
/// </summary>
public sealed class AlertBoard
{
    private readonly Dictionary<(AlertKind Kind, string Subject), Entry> entries = [];

    /// <summary>The alerts that are raised, oldest first.</summary>
    public ImmutableArray<BandwidthAlert> Active =>
        [.. entries.Values.Where(entry => entry.Raised).Select(entry => entry.Alert).OrderBy(alert => alert.Since).ThenBy(alert => alert.Kind).ThenBy(alert => alert.Subject, StringComparer.Ordinal)];

    /// <summary>How long a condition must hold to raise its alert, and be gone to clear it.</summary>
    public static (TimeSpan RaiseAfter, TimeSpan ClearAfter) Terms(AlertKind kind) => kind switch
    {
        // The estimator has waited for a second of evidence already; and a link that is well for ten seconds between two falls is not well.
        AlertKind.LinkDegraded => (TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(10)),

        // Full for a few seconds is what links are for.
        AlertKind.LinkSaturated => (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)),

        // Longer than a stalled connection takes to be noticed and replaced (StallDetector).
        AlertKind.SyncStalled => (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(3)),
        AlertKind.SyncQueued => (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(3)),

        // Writers have bursts.
        AlertKind.CannotConverge => (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)),

        // Ten seconds have passed until a grant expires.
        AlertKind.GrantExpired => (TimeSpan.Zero, TimeSpan.FromSeconds(3)),

        // Half a minute has passed until a follower counts as hung (LogFeed).
        AlertKind.FollowerHung => (TimeSpan.Zero, TimeSpan.FromSeconds(3)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such alert."),
    };

    /// <summary>Takes note of everything that is wrong at this moment.</summary>
    /// <param name="conditions">All of it; of several with the same kind and subject the first counts.</param>
    /// <param name="now">The present time; never goes back.</param>
    /// <returns>The alerts that begin or end with this.</returns>
    public ImmutableArray<AlertChange> Update(IEnumerable<AlertCondition> conditions, DateTimeOffset now)
    {
        var present = new HashSet<(AlertKind Kind, string Subject)>();
        foreach (var condition in conditions)
        {
            var key = (condition.Kind, condition.Subject);
            if (present.Add(key))
            {
                Hold(key, condition, now);
            }
        }

        var changes = ImmutableArray.CreateBuilder<AlertChange>();
        foreach (var (key, entry) in entries.ToList())
        {
            var (raiseAfter, clearAfter) = Terms(key.Kind);
            if (present.Contains(key))
            {
                entry.LastSeen = now;
                if (!entry.Raised && now - entry.Alert.Since >= raiseAfter)
                {
                    entry.Raised = true;
                    changes.Add(new AlertChange(entry.Alert, IsRaised: true));
                }
            }
            else if (!entry.Raised || now - entry.LastSeen >= clearAfter)
            {
                entries.Remove(key);
                if (entry.Raised)
                {
                    changes.Add(new AlertChange(entry.Alert, IsRaised: false));
                }
            }
        }

        return changes.ToImmutable();
    }

    // The figures of a raised alert follow; since when stays.
    private void Hold((AlertKind Kind, string Subject) key, AlertCondition condition, DateTimeOffset now)
    {
        if (!entries.TryGetValue(key, out var entry))
        {
            entries.Add(key, entry = new Entry());
        }

        entry.Alert = new BandwidthAlert
        {
            Kind = key.Kind,
            Subject = key.Subject,
            Since = entry.Alert?.Since ?? now,
            FromBytesPerSecond = condition.FromBytesPerSecond,
            ToBytesPerSecond = condition.ToBytesPerSecond,
            Text = condition.Text,
        };
    }

    private sealed class Entry
    {
        public BandwidthAlert Alert { get; set; } = null!;

        public DateTimeOffset LastSeen { get; set; }

        public bool Raised { get; set; }
    }
}
