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

    /// <summary>A sync begins.</summary>
    public void Begin(SyncOrder order) => progress = new SyncProgress
    {
        Replica = replica,
        Source = order.Source,
        Class = order.Class,
        State = SyncState.Pending,
        StartedAt = time.GetUtcNow(),
        FullCopies = progress.FullCopies,
    };

    /// <summary>Nobody is followed any more.</summary>
    public void End() => progress = new SyncProgress { Replica = replica, FullCopies = progress.FullCopies };

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

    /// <summary>An attempt begins.</summary>
    public void Attempt() => progress = progress with { Attempt = progress.Attempt + 1 };

    /// <summary>An attempt has failed.</summary>
    public void Failed(string error) => progress = progress with { LastError = error };

    /// <summary>A full copy's size is known.</summary>
    public void CopyBegins(long totalBytes)
    {
        progress = progress with { TotalBytes = totalBytes, ReceivedBytes = 0, DurableBytes = 0, WireBytes = 0 };
        rate = new TransferRate(time.GetUtcNow());
        wireBytesBefore = 0;
    }

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

    /// <summary>Log has arrived.</summary>
    public void Lag(long sequences) => progress = progress with { LagSequences = sequences, LastDataAt = time.GetUtcNow() };

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
