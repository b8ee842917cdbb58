namespace Sluice.Bandwidth;

/// <summary>What a <see cref="BandwidthPolicy"/> says of one flow or sync. Pure.</summary>
public static class PolicyReading
{
    /// <summary>The terms of a class; of <c>normal</c> when there is no class of that name, as an older or newer node may send one.</summary>
    public static QosClassTerms TermsOf(this BandwidthPolicy policy, string qosClass) =>
        policy.Classes.FirstOrDefault(terms => Same(terms.Name, qosClass))
        ?? QosClass.Defaults.FirstOrDefault(terms => Same(terms.Name, qosClass))
        ?? policy.TermsOf(QosClass.Normal);

    /// <summary>The orders for one sync, or null.</summary>
    public static SyncPolicy? Find(this BandwidthPolicy policy, ReplicaKey replica) => policy.Syncs.FirstOrDefault(sync => sync.Replica == replica);

    /// <summary>The class of a flow. Orders for a sync are for its full copy: its log is of the class <c>log</c> whatever they say.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="begunWith">The class with which it was opened.</param>
    public static string ClassOf(this BandwidthPolicy policy, FlowId flow, string begunWith) =>
        flow.Kind == FlowKind.Log ? QosClass.Log : policy.ClassOf(flow.Replica, begunWith);

    /// <summary>The class of a full copy.</summary>
    public static string ClassOf(this BandwidthPolicy policy, ReplicaKey replica, string begunWith)
    {
        var wanted = policy.Find(replica) is { Class.Length: > 0 } sync ? sync.Class : begunWith;
        return policy.TermsOf(wanted).Name;
    }

    /// <summary>The smaller of the limits of a flow's class and of its sync, in bytes per second; 0: there is none.</summary>
    public static long LimitOf(this BandwidthPolicy policy, FlowId flow, string begunWith)
    {
        var byClass = policy.TermsOf(policy.ClassOf(flow, begunWith)).LimitBytesPerSecond;
        var bySync = flow.Kind == FlowKind.Log ? 0 : policy.Find(flow.Replica)?.LimitBytesPerSecond ?? 0;
        return byClass == 0 ? bySync : bySync == 0 ? byClass : Math.Min(byClass, bySync);
    }

    /// <summary>Whether a full copy is paused now, and until when: the later of the pause of all and its own.</summary>
    public static SyncPause PauseOf(this BandwidthPolicy policy, ReplicaKey replica, DateTimeOffset now)
    {
        var all = Lasting(policy.IsPaused, policy.PausedUntil, now);
        var own = policy.Find(replica) is { } sync ? Lasting(sync.IsPaused, sync.PausedUntil, now) : default;
        return !own.IsPaused ? all
            : !all.IsPaused ? own
            : all.Until is null || own.Until is null ? new SyncPause(true, null)
            : all.Until > own.Until ? all
            : own;
    }

    /// <summary>A class's place in the class table: 0 the most urgent.</summary>
    public static int RankOf(string qosClass)
    {
        for (var rank = 0; rank < QosClass.Defaults.Length; rank++)
        {
            if (Same(QosClass.Defaults[rank].Name, qosClass))
            {
                return rank;
            }
        }

        return QosClass.Defaults.Length;
    }

    private static SyncPause Lasting(bool isPaused, DateTimeOffset? until, DateTimeOffset now) => isPaused && !(until <= now) ? new SyncPause(true, until) : default;

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.Ordinal);
}

/// <summary>A pause.</summary>
/// <param name="IsPaused">Whether there is one.</param>
/// <param name="Until">When it ends by itself; null: when it is resumed, or there is none.</param>
public readonly record struct SyncPause(bool IsPaused, DateTimeOffset? Until);
