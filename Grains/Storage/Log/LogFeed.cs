namespace Sluice.Storage.Log;

/// <summary>
/// Who follows a log, how far each of them is, and who of them is stuck. Pure: time comes in as an argument, on a monotonic clock.
/// <para>
/// <b>Two kinds of followers.</b> One that <i>applies</i> acknowledges what is durable in its database: it counts for WAIT and can be promoted. One that <i>spools</i> keeps the log beside a copy
/// that is under way: its acknowledgements say how far the spool is, and count for nobody.
/// </para>
/// <para>
/// <b>Hung.</b> A follower that is connected, was sent something, and neither took any of it in nor acknowledged anything for <see cref="HungAfter"/> is hung: its connection lives, heartbeats and all, and nothing happens.
/// Nothing else would ever say so. What is not sent (the flow is paused, or slow) is no sign of it; what is taken in bit by bit over a slow link is no sign of it either.
/// </para>
/// <para>
/// <b>Nothing is held for a follower</b> but a few numbers: the log itself is the queue, and its retention is bounded whatever followers do.
/// </para>
/// </summary>
internal sealed class LogFeed
{
    /// <summary>Several times what the slowest healthy disk takes for an fsync, and less than the minute after which a connection whose receiver takes nothing in is given up.</summary>
    public static readonly TimeSpan HungAfter = TimeSpan.FromSeconds(30);

    private readonly List<LogFollower> followers = [];

    /// <summary>The log's past, for lags in bytes and time.</summary>
    public LogMarks Marks { get; } = new();

    /// <summary>Where the log stands.</summary>
    public LogMark Latest { get; private set; }

    /// <summary>The followers that are connected.</summary>
    public IReadOnlyList<LogFollower> Followers => followers;

    /// <summary>The log stands at a sequence.</summary>
    public void Advance(long sequence, long bytes, TimeSpan now)
    {
        Latest = new LogMark(sequence, bytes, now);
        Marks.Note(Latest);
    }

    /// <summary>A follower has connected.</summary>
    /// <param name="node">The replica's node.</param>
    /// <param name="mode">What it does with what it gets.</param>
    /// <param name="from">The first sequence that it wants: it has what is before.</param>
    /// <param name="now">The present time.</param>
    public LogFollower Join(string node, FollowerMode mode, long from, TimeSpan now)
    {
        var follower = new LogFollower(node, mode, from - 1, now);
        followers.Add(follower);
        return follower;
    }

    /// <summary>A follower's connection has ended.</summary>
    public void Leave(LogFollower follower) => followers.Remove(follower);

    /// <summary>How many replicas would still have a sequence after the crash of every machine. A node counts once.</summary>
    public int CountAt(long sequence) =>
        followers.Where(follower => follower is { Mode: FollowerMode.Apply, HasAcknowledged: true } && follower.DurableSequence >= sequence).DistinctBy(follower => follower.Node).Count();

    /// <summary>How far a follower is behind.</summary>
    public LogLag LagOf(LogFollower follower, TimeSpan now) => Marks.Behind(follower.DurableSequence, Latest with { At = now });

    /// <summary>Whether a follower is hung.</summary>
    public static bool IsHung(LogFollower follower, TimeSpan now) => follower.IsOwed && now - follower.ProgressAt >= HungAfter;

    /// <summary>The followers whose being hung has changed since this was asked last, each with what it is now.</summary>
    public IReadOnlyList<(LogFollower Follower, bool IsHung)> TakeChanges(TimeSpan now)
    {
        var changes = new List<(LogFollower, bool)>();
        foreach (var follower in followers)
        {
            if (IsHung(follower, now) is var isHung && isHung != follower.WasHung)
            {
                follower.WasHung = isHung;
                changes.Add((follower, isHung));
            }
        }

        return changes;
    }
}

/// <summary>One connection of a follower. Its figures are changed by the follower's own doings only.</summary>
internal sealed class LogFollower(string node, FollowerMode mode, long position, TimeSpan now)
{
    /// <summary>The replica's node.</summary>
    public string Node { get; } = node;

    /// <summary>What it does with what it gets.</summary>
    public FollowerMode Mode { get; } = mode;

    /// <summary>The sequence up to which it has made everything durable; until its first acknowledgement, what it said it had.</summary>
    public long DurableSequence { get; private set; } = position;

    /// <summary>It has acknowledged something since it connected.</summary>
    public bool HasAcknowledged { get; private set; }

    /// <summary>When it last acknowledged anything, be it that there is nothing new.</summary>
    public TimeSpan HeardAt { get; private set; } = now;

    /// <summary>When it last took something in or made something durable, or was first owed something.</summary>
    public TimeSpan ProgressAt { get; private set; } = now;

    /// <summary>The newest sequence that was given to its connection.</summary>
    public long SentSequence { get; private set; } = position;

    /// <summary>It was sent something that it has not taken in, or has taken in and not made durable.</summary>
    public bool IsOwed => DurableSequence < SentSequence || ConsumedBytes < SentBytes;

    internal bool WasHung { get; set; }

    // Of the connection's bytes, up to the end of the last frame that had records: heartbeats, which come after it, are no progress when they are taken in.
    private long SentBytes { get; set; }

    private long ConsumedBytes { get; set; }

    /// <summary>A frame with records is about to be given to its connection.</summary>
    /// <param name="sequence">The newest sequence that is whole with it.</param>
    /// <param name="bytes">Bytes of frames on this connection, it included.</param>
    /// <param name="now">The present time.</param>
    public void Sending(long sequence, long bytes, TimeSpan now)
    {
        if (!IsOwed)
        {
            ProgressAt = now;
        }

        (SentSequence, SentBytes) = (sequence, bytes);
    }

    /// <summary>An acknowledgement has come.</summary>
    /// <param name="durable">The sequence up to which everything is durable; null: not said yet. One that begins anew may say less than before.</param>
    /// <param name="consumed">Bytes of frames that were taken in on this connection.</param>
    /// <param name="now">The present time.</param>
    public void Acknowledge(long? durable, long consumed, TimeSpan now)
    {
        HeardAt = now;
        var taken = Math.Min(consumed, SentBytes);
        if (taken > ConsumedBytes || durable > DurableSequence)
        {
            ProgressAt = now;
        }

        ConsumedBytes = Math.Max(ConsumedBytes, taken);
        HasAcknowledged |= durable is not null;
        DurableSequence = durable ?? DurableSequence;
    }
}
