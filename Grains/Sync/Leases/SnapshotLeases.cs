using System.Collections.Immutable;

namespace Sluice.Sync;

/// <summary>
/// Which snapshots a replica that is copied from keeps, and for whom. Pure: no clock, no disk; the shell (<see cref="SnapshotShelf"/>) makes, records and deletes what is decided here.
/// <para>
/// <b>Sharing.</b> A sync that asks gets the newest snapshot while it is fresh and the log can be read from its position on; otherwise a new one is made, one at a time, and all who ask meanwhile
/// share it. So many replicas cost one checkpoint, and read the same files out of one page cache. When snapshots already hold more than their bound, freshness no longer counts: an older one whose log is there is shared rather than
/// another one made.
/// </para>
/// <para>
/// <b>Leases.</b> Each replica has one lease at the most: asking again for a snapshot means that what it had is of no use to it. A lease lives for its duration after the last contact: data that is streamed, an
/// acknowledgement, a renewal. A snapshot goes with its last lease.
/// </para>
/// <para>
/// <b>Time</b> is a monotonic clock's: what a wall clock does never ends a lease. Only over a restart the wall clock must tell how old a lease is, and then it may take away
/// no more than leaves <see cref="Grace"/>: a clock that jumped by days, or a primary that was down for days itself, is not the replica's silence.
/// </para>
/// </summary>
internal sealed class SnapshotLeases
{
    /// <summary>A lease lapses when its replica was not heard of for so long: long enough for a node to be repaired by people who sleep at night.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromHours(24);

    /// <summary>What a lease has left at the least after a restart of its primary: time for the replica to find the primary again, its backoff and a queue of admissions included.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>A lease with a contact within this time is in use: many times what a sync's longest backoff takes. Only the others may be given up for want of room.</summary>
    public static readonly TimeSpan InUse = TimeSpan.FromMinutes(10);

    /// <summary>Syncs that begin within this time of each other share a snapshot; a later one gets a fresh one, so that it has less log to catch up with.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>After a snapshot could not be made: the disk is not asked again at once by everybody who waits.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly List<HeldSnapshot> snapshots = [];
    private readonly List<HeldLease> leases = [];
    private bool making;
    private (string Reason, TimeSpan At)? failure;

    /// <summary>The snapshots that are kept, oldest first.</summary>
    public IReadOnlyList<HeldSnapshot> Snapshots => snapshots;

    /// <summary>The leases.</summary>
    public IReadOnlyList<HeldLease> Leases => leases;

    /// <summary>A replica asks for a snapshot.</summary>
    /// <param name="replica">Who asks.</param>
    /// <param name="now">The present time.</param>
    /// <param name="canFollow">Whether a position is in the present history and the log can be read from there on.</param>
    /// <param name="isFull">Whether snapshots hold more than they may.</param>
    /// <param name="lease">The name of the lease, should there be a new one.</param>
    public OpenAnswer Open(ReplicaKey replica, TimeSpan now, Func<LogPosition, bool> canFollow, bool isFull, Guid lease)
    {
        if (making)
        {
            return new OpenAnswer.Wait();
        }

        if (snapshots.FindLast(snapshot => (isFull || now - snapshot.MadeAt < Fresh) && canFollow(snapshot.Position)) is { } shared)
        {
            if (leases.Find(held => held.Replica == replica && held.Snapshot == shared.Id) is { } mine)
            {
                mine.LastContact = now;
                return new OpenAnswer.Leased(mine.Id);
            }

            leases.RemoveAll(held => held.Replica == replica);
            shared.WasLeased = true;
            leases.Add(new HeldLease(lease, replica, shared.Id) { LastContact = now });
            return new OpenAnswer.Leased(lease);
        }

        if (failure is { } failed && now - failed.At < RetryAfter)
        {
            return new OpenAnswer.Refused(failed.Reason);
        }

        making = true;
        failure = null;
        return new OpenAnswer.Make();
    }

    /// <summary>The snapshot that was asked for is there.</summary>
    public void Made(Guid snapshot, LogPosition position, TimeSpan now)
    {
        making = false;
        snapshots.Add(new HeldSnapshot(snapshot, position, now));
    }

    /// <summary>The snapshot that was asked for could not be made.</summary>
    public void NotMade(string reason, TimeSpan now)
    {
        making = false;
        failure = (reason, now);
    }

    /// <summary>Takes a snapshot and its leases over from before a restart.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="position">Where it stands.</param>
    /// <param name="kept">Its leases, each with the time since its last contact by the wall clock.</param>
    /// <param name="now">The present time.</param>
    public void Restore(Guid snapshot, LogPosition position, IEnumerable<(Guid Lease, ReplicaKey Replica, ImmutableArray<int>? Transfer, TimeSpan Age)> kept, TimeSpan now)
    {
        // Never fresh: who asks for a snapshot after a restart gets one of after the restart.
        snapshots.Add(new HeldSnapshot(snapshot, position, now - Fresh) { WasLeased = true });
        foreach (var (lease, replica, transfer, age) in kept)
        {
            var counted = TimeSpan.FromTicks(Math.Clamp(age.Ticks, 0, (Duration - Grace).Ticks));
            leases.Add(new HeldLease(lease, replica, snapshot) { Transfer = transfer, LastContact = now - counted });
        }
    }

    /// <summary>A replica says which files it wants. False when the lease is gone.</summary>
    public bool Choose(Guid lease, ImmutableArray<int> transfer, TimeSpan now)
    {
        if (Find(lease) is not { } held)
        {
            return false;
        }

        held.Transfer = transfer;
        held.LastContact = now;
        return true;
    }

    /// <summary>A lease's replica was heard of. False when the lease is gone.</summary>
    public bool Renew(Guid lease, TimeSpan now)
    {
        if (Find(lease) is not { } held)
        {
            return false;
        }

        // Contacts come from several threads and may be told out of order.
        held.LastContact = held.LastContact > now ? held.LastContact : now;
        return true;
    }

    /// <summary>A replica gives its lease back.</summary>
    public void Release(Guid lease) => leases.RemoveAll(held => held.Id == lease);

    /// <summary>A snapshot is of no use any more: damaged, given up for want of room, or of another history.</summary>
    public void Drop(Guid snapshot)
    {
        leases.RemoveAll(held => held.Snapshot == snapshot);
        snapshots.RemoveAll(held => held.Id == snapshot);
    }

    /// <summary>Takes lapsed leases back, and lets snapshots go that nobody leases. One that was just made waits for who asked for it as long as it is fresh.</summary>
    /// <returns>The snapshots that are to be deleted.</returns>
    public IReadOnlyList<Guid> Sweep(TimeSpan now)
    {
        leases.RemoveAll(held => now - held.LastContact > Duration);
        var gone = snapshots.FindAll(snapshot => (snapshot.WasLeased || now - snapshot.MadeAt >= Fresh) && !leases.Exists(held => held.Snapshot == snapshot.Id));
        gone.ForEach(snapshot => snapshots.Remove(snapshot));
        return [.. gone.Select(snapshot => snapshot.Id)];
    }

    /// <summary>The snapshot that is to be given up first when there is no room: the one that was out of use for the longest time; null when all are in use.</summary>
    /// <returns>The snapshot, and when it was last used.</returns>
    public (Guid Snapshot, TimeSpan LastUse)? OldestUnused(TimeSpan now)
    {
        (Guid Snapshot, TimeSpan LastUse)? oldest = null;
        foreach (var snapshot in snapshots)
        {
            var last = leases.Where(held => held.Snapshot == snapshot.Id).Select(held => held.LastContact).Append(snapshot.MadeAt).Max();
            if (now - last > InUse && (oldest is null || last < oldest.Value.LastUse))
            {
                oldest = (snapshot.Id, last);
            }
        }

        return oldest;
    }

    private HeldLease? Find(Guid lease) => leases.Find(held => held.Id == lease);
}

/// <summary>A snapshot that is kept.</summary>
internal sealed class HeldSnapshot(Guid id, LogPosition position, TimeSpan madeAt)
{
    public Guid Id { get; } = id;

    /// <summary>Where it stands.</summary>
    public LogPosition Position { get; } = position;

    /// <summary>When it was made, on the monotonic clock.</summary>
    public TimeSpan MadeAt { get; } = madeAt;

    /// <summary>Somebody had a lease on it: it goes with the last one.</summary>
    public bool WasLeased { get; set; }
}

/// <summary>A replica's lease on a snapshot.</summary>
internal sealed class HeldLease(Guid id, ReplicaKey replica, Guid snapshot)
{
    public Guid Id { get; } = id;

    /// <summary>Whose it is.</summary>
    public ReplicaKey Replica { get; } = replica;

    public Guid Snapshot { get; } = snapshot;

    /// <summary>The files that are streamed, in order; null: not chosen yet.</summary>
    public ImmutableArray<int>? Transfer { get; set; }

    /// <summary>When its replica was last heard of, on the monotonic clock.</summary>
    public TimeSpan LastContact { get; set; }
}

/// <summary>What somebody is told who asks for a snapshot.</summary>
internal abstract record OpenAnswer
{
    /// <summary>It has this lease.</summary>
    public sealed record Leased(Guid Lease) : OpenAnswer;

    /// <summary>A snapshot must be made now; whoever asks again gets a lease on it.</summary>
    public sealed record Make : OpenAnswer;

    /// <summary>A snapshot is being made.</summary>
    public sealed record Wait : OpenAnswer;

    /// <summary>The last attempt to make one failed a moment ago.</summary>
    public sealed record Refused(string Reason) : OpenAnswer;
}
