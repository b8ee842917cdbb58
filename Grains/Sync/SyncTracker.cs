namespace Sluice.Sync;

/// <summary>Keeps the figures of one sync and tells them as a <see cref="SyncProgress"/>. Not safe for concurrent use: it belongs to its grain's turns.</summary>
internal sealed class SyncTracker(ReplicaKey replica, TimeProvider time)
{
    private SyncProgress progress = new() { Replica = replica };
    private TransferRate rate = new(time.GetUtcNow());
    private long wireBytesBefore;

    /// <summary>The figures as they were last changed; may be read on any thread.</summary>
    public SyncProgress Current => Volatile.Read(ref progress);

    /// <summary>The state that the sync is in.</summary>
    public SyncState State => progress.State;

    /// <summary>The node that a copy comes from; empty when nobody is followed.</summary>
    public string CopySource { get; private set; } = "";

    /// <summary>Payload of the copy that has not arrived yet; null when its size is not known.</summary>
    public long? RemainingBytes => progress.TotalBytes > 0 ? progress.TotalBytes - progress.ReceivedBytes : null;

    /// <summary>A sync's machine has told where it stands.</summary>
    public void Told(Tell tell, SyncOrder? order)
    {
        if (order is null)
        {
            CopySource = "";
            End();
            return;
        }

        CopySource = order.CopyFrom ?? order.Source;
        if (progress.StartedAt is null || progress.Source != order.Source)
        {
            Begin(order);
        }

        Enter(tell.State, tell.Detail);
        progress = progress with { Attempt = tell.Attempt, LastError = tell.Error };
    }

    /// <summary>What is remembered has changed.</summary>
    public void Promotable(SyncRecord record) => progress = progress with { WhyNotPromotable = record.WhyNotPromotable(), Copy = record.Copy };

    /// <summary>A sync begins.</summary>
    public void Begin(SyncOrder order) => progress = new SyncProgress
    {
        Replica = replica,
        Source = order.Source,
        Class = order.Class,
        State = SyncState.Pending,
        StartedAt = time.GetUtcNow(),
        FullCopies = progress.FullCopies,
        WhyNotPromotable = progress.WhyNotPromotable,
        Copy = progress.Copy,
    };

    /// <summary>Nobody is followed any more.</summary>
    public void End() => progress = new SyncProgress { Replica = replica, FullCopies = progress.FullCopies, WhyNotPromotable = progress.WhyNotPromotable, Copy = progress.Copy };

    /// <summary>Enters a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="detail">What it does or waits for, for a person.</param>
    public void Enter(SyncState state, string detail)
    {
        progress = progress with
        {
            State = state,
            Detail = detail,
            LiveAt = state == SyncState.Live ? time.GetUtcNow() : progress.LiveAt,
            LastError = state == SyncState.Live ? "" : progress.LastError,
        };
    }

    /// <summary>A full copy's size is known, and how much of it is here.</summary>
    /// <param name="totalBytes">Payload that is sent.</param>
    /// <param name="durableBytes">Payload of it that would survive a crash.</param>
    /// <param name="heldBytes">Payload that need not be sent.</param>
    public void CopyIs(long totalBytes, long durableBytes, long heldBytes)
    {
        if (progress.TotalBytes != totalBytes || progress.ReceivedBytes == 0)
        {
            rate = new TransferRate(time.GetUtcNow());
        }

        progress = progress with { TotalBytes = totalBytes, ReceivedBytes = durableBytes, DurableBytes = durableBytes, HeldBytes = heldBytes };
    }

    /// <summary>Something else than a copy's payload has arrived.</summary>
    public void Arrived() => progress = progress with { LastDataAt = time.GetUtcNow() };

    /// <summary>A connection of the copy has ended; what it carried counts on.</summary>
    public void ConnectionEnded() => wireBytesBefore = progress.WireBytes;

    /// <summary>A piece of the copy has arrived.</summary>
    /// <param name="position">Payload bytes up to its end.</param>
    /// <param name="bytes">Its payload.</param>
    /// <param name="wireBytes">What this connection has received so far, headers included.</param>
    public void Received(long position, int bytes, long wireBytes)
    {
        var now = time.GetUtcNow();
        rate.Count(bytes, now);
        progress = progress with { ReceivedBytes = position, WireBytes = wireBytesBefore + wireBytes, LastDataAt = now };
    }

    /// <summary>Payload up to here would survive a crash.</summary>
    public void Durable(long position) => progress = progress with { DurableBytes = position };

    /// <summary>A full copy is installed.</summary>
    public void Installed() => progress = progress with { FullCopies = progress.FullCopies + 1 };

    /// <summary>Log has arrived, or has become durable.</summary>
    public void Lag(long sequences, long bytes, TimeSpan behind) =>
        progress = progress with { LagSequences = sequences, LagBytes = bytes, Lag = behind, LastDataAt = time.GetUtcNow() };

    /// <summary>Log was spooled, or what was spooled is applied.</summary>
    /// <param name="bytes">What the spool takes on the disk.</param>
    /// <param name="sequences">How many sequences the spool, or the replica, is behind; -1: not known.</param>
    public void Spooled(long bytes, long sequences) => progress = progress with { SpoolBytes = bytes, LagSequences = sequences };

    /// <summary>The figures now.</summary>
    /// <param name="grant">The flow's grant; null when it is not known.</param>
    public SyncProgress Tell(FlowGrant? grant)
    {
        if (progress.State != SyncState.Copying)
        {
            return progress;
        }

        var now = rate.BytesPerSecond(time.GetUtcNow());
        var left = progress.TotalBytes - progress.ReceivedBytes;
        return progress with
        {
            BytesPerSecond = now,
            GrantBytesPerSecond = grant?.Ceiling() ?? 0,
            Class = grant is { Class.Length: > 0 } ? grant.Class : progress.Class,
            Detail = grant is { IsPaused: true } ? grant.Reason : progress.Detail,
            IsPaused = grant is { IsPaused: true },
            Eta = now > 0 ? TimeSpan.FromSeconds((double)left / now) : null,
        };
    }
}
