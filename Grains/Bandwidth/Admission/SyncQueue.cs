using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Sluice.Bandwidth;

/// <summary>
/// Which full copies may run. Pure: time and what is known of each copy come in as arguments.
/// <para>
/// Each link takes so many copies at once, the sender's egress and the receiver's ingress alike. Those that wait are ordered by class, then by how few replicas of the shard are live, then by how much there is to
/// copy, then by arrival; one that finds room on both its links goes before one that stands ahead of it and does not, so that no link idles behind another. Lest it be overtaken for ever, the first
/// on each link that has waited for <see cref="Patience"/> keeps one place there free for itself. Whoever was admitted stays so: nobody is displaced, whatever comes later. A paused copy takes no place;
/// when it goes on it is not asked to wait again. An admission or a place in the queue lapses when its sync has not asked for <see cref="Lapse"/>.
/// </para>
/// </summary>
public sealed class SyncQueue
{
    /// <summary>Syncs ask every few seconds; three missed seconds could be a pause, thirty are a dead node.</summary>
    public static readonly TimeSpan Lapse = TimeSpan.FromSeconds(30);

    /// <summary>A copy takes minutes as a rule; one that has waited for one has been overtaken often enough.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AskSoon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AskAtTheLatest = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ReplicaKey, Entry> entries = [];
    private long arrivals;

    /// <summary>Full copies under way, in order of arrival.</summary>
    public ImmutableArray<ReplicaKey> Admitted => [.. entries.Values.Where(entry => entry.IsAdmitted).OrderBy(entry => entry.Arrival).Select(entry => entry.Request.Replica)];

    /// <summary>A sync asks to begin, or asks again.</summary>
    /// <param name="request">What it asks for.</param>
    /// <param name="standing">What is known of a sync at present; asked for all that wait and all that run.</param>
    /// <param name="seen">Syncs whose flows are seen: those that an earlier broker admitted count as well.</param>
    /// <param name="now">The present time.</param>
    public SyncAdmission Ask(SyncRequest request, Func<SyncRequest, SyncStanding> standing, IEnumerable<SyncRequest> seen, DateTimeOffset now)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, request.Replica, out var known);
        entry = known ? entry! : new Entry(arrivals++, now);
        entry.Request = request;
        entry.SeenAt = now;
        entry.IsAdmitted |= request.IsUnderWay;
        if (entry.IsAdmitted)
        {
            return new SyncAdmission(true, 0, "");
        }

        var mine = entry;
        var turn = Order(standing, seen, now).First(turn => turn.Entry == mine);
        mine.IsAdmitted = turn.MayBegin;
        return turn.MayBegin
            ? new SyncAdmission(true, 0, "")
            : new SyncAdmission(false, turn.Place, turn.Reason) { AskAfter = TimeSpan.FromTicks(Math.Min(AskAtTheLatest.Ticks, AskSoon.Ticks * Math.Max(1, turn.Place / 2))) };
    }

    /// <summary>A sync has ended, or no longer wants to begin.</summary>
    public void Finished(ReplicaKey replica) => entries.Remove(replica);

    /// <summary>All that wait, first one first.</summary>
    public ImmutableArray<QueuedSync> Waiting(Func<SyncRequest, SyncStanding> standing, IEnumerable<SyncRequest> seen, DateTimeOffset now) =>
        [.. Order(standing, seen, now).Select(turn => new QueuedSync(turn.Entry.Request.Replica, turn.Entry.Request.Source, turn.Standing.Class, turn.Place, turn.Reason, turn.Entry.AskedAt))];

    private List<Turn> Order(Func<SyncRequest, SyncStanding> standing, IEnumerable<SyncRequest> seen, DateTimeOffset now)
    {
        foreach (var (key, entry) in entries)
        {
            if (now - entry.SeenAt > Lapse)
            {
                entries.Remove(key);
            }
        }

        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        var waiting = new List<Turn>();
        foreach (var entry in entries.Values)
        {
            var known = standing(entry.Request);
            if (!entry.IsAdmitted)
            {
                waiting.Add(new Turn(entry, known));
            }
            else if (!known.Pause.IsPaused)
            {
                Take(taken, known);
            }
        }

        foreach (var other in seen.Where(other => !entries.ContainsKey(other.Replica)))
        {
            Take(taken, standing(other));
        }

        waiting.Sort();
        var waits = new Dictionary<string, int>(StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var turn in waiting)
        {
            Decide(turn, taken, waits, kept, now);
        }

        return waiting;
    }

    private static void Decide(Turn turn, Dictionary<string, int> taken, Dictionary<string, int> waits, HashSet<string> kept, DateTimeOffset now)
    {
        var (egress, ingress) = (turn.Standing.Egress, turn.Standing.Ingress);
        var full = taken.GetValueOrDefault(ingress.Name) >= ingress.Syncs ? ingress : taken.GetValueOrDefault(egress.Name) >= egress.Syncs ? egress : null;
        if (full is null && !turn.Standing.Pause.IsPaused)
        {
            turn.MayBegin = true;
            Take(taken, turn.Standing);
            return;
        }

        turn.Place = 1 + Math.Max(waits.GetValueOrDefault(egress.Name), waits.GetValueOrDefault(ingress.Name));
        turn.Reason = turn.Standing.Pause is { IsPaused: true } pause
            ? pause.Until is { } until ? $"paused until {until:u}" : "paused until it is resumed"
            : $"{full!.Name} takes {full.Syncs} full copies at once (max-concurrent-syncs) and {taken[full.Name]} are under way or ahead";
        if (turn.Standing.Pause.IsPaused)
        {
            return;
        }

        foreach (var link in new[] { egress, ingress })
        {
            waits[link.Name] = waits.GetValueOrDefault(link.Name) + 1;
            if (link != full && now - turn.Entry.AskedAt > Patience && kept.Add(link.Name))
            {
                taken[link.Name] = taken.GetValueOrDefault(link.Name) + 1;
            }
        }
    }

    private static void Take(Dictionary<string, int> taken, SyncStanding standing)
    {
        taken[standing.Egress.Name] = taken.GetValueOrDefault(standing.Egress.Name) + 1;
        taken[standing.Ingress.Name] = taken.GetValueOrDefault(standing.Ingress.Name) + 1;
    }

    private sealed class Entry(long arrival, DateTimeOffset askedAt)
    {
        public long Arrival { get; } = arrival;

        public DateTimeOffset AskedAt { get; } = askedAt;

        public SyncRequest Request { get; set; } = null!;

        public bool IsAdmitted { get; set; }

        public DateTimeOffset SeenAt { get; set; }
    }

    private sealed class Turn(Entry entry, SyncStanding standing) : IComparable<Turn>
    {
        public Entry Entry => entry;

        public SyncStanding Standing => standing;

        public bool MayBegin { get; set; }

        public int Place { get; set; }

        public string Reason { get; set; } = "";

        public int CompareTo(Turn? other) => Key.CompareTo(other!.Key);

        // A size that is not known stands behind all that are.
        private (int, int, ulong, long) Key => (standing.ClassRank, standing.LiveReplicas, (ulong)entry.Request.RemainingBytes, entry.Arrival);
    }
}
