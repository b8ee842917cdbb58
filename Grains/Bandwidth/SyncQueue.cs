using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>
/// Which full copies may run: at most so many to one node at once, first come first served; those that run are never displaced. Pure: time comes in as an argument.
/// An admission or a place in the queue lapses when its sync has not asked for <see cref="Lapse"/>.
/// </summary>
public sealed class SyncQueue
{
    /// <summary>Syncs ask every second or so; three missed seconds could be a pause, thirty are a dead node.</summary>
    public static readonly TimeSpan Lapse = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ReplicaKey, Entry> entries = [];
    private long arrivals;

    /// <summary>Full copies under way, in order of arrival.</summary>
    public ImmutableArray<ReplicaKey> Admitted => [.. entries.Where(e => e.Value.Admitted).OrderBy(e => e.Value.Arrival).Select(e => e.Key)];

    /// <summary>Full copies that wait, first one first.</summary>
    public ImmutableArray<ReplicaKey> Queued => [.. entries.Where(e => !e.Value.Admitted).OrderBy(e => e.Value.Arrival).Select(e => e.Key)];

    /// <summary>A sync asks to begin, or asks again.</summary>
    /// <param name="replica">The replica to be built.</param>
    /// <param name="limit">How many copies the replica's node takes at once; at least 1.</param>
    /// <param name="now">The present time.</param>
    public SyncAdmission Ask(ReplicaKey replica, int limit, DateTimeOffset now)
    {
        foreach (var (key, entry) in entries.ToList())
        {
            if (now - entry.SeenAt > Lapse)
            {
                entries.Remove(key);
            }
        }

        if (!entries.TryGetValue(replica, out var mine))
        {
            mine = new Entry(arrivals++);
            entries.Add(replica, mine);
        }

        mine.SeenAt = now;
        if (mine.Admitted)
        {
            return new SyncAdmission(true, 0, "");
        }

        var sameNode = entries.Where(e => string.Equals(e.Key.Node, replica.Node, StringComparison.Ordinal)).ToList();
        var running = sameNode.Count(e => e.Value.Admitted);
        var position = 1 + sameNode.Count(e => !e.Value.Admitted && e.Value.Arrival < mine.Arrival);
        if (running + position <= limit)
        {
            mine.Admitted = true;
            return new SyncAdmission(true, 0, "");
        }

        return new SyncAdmission(false, position, $"node {replica.Node} takes {limit} full copies at once (max-rsync-parallel-num) and {running} are under way");
    }

    /// <summary>A sync has ended, or no longer wants to begin.</summary>
    public void Finished(ReplicaKey replica) => entries.Remove(replica);

    private sealed class Entry(long arrival)
    {
        public long Arrival { get; } = arrival;

        public bool Admitted { get; set; }

        public DateTimeOffset SeenAt { get; set; }
    }
}
