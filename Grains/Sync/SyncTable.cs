using System.Collections.Concurrent;

namespace Sluice.Sync;

/// <summary>The syncs of this node's replicas, for whoever watches them without being a grain. Safe for concurrent use.</summary>
internal sealed class SyncTable
{
    private readonly ConcurrentDictionary<ReplicaKey, SyncTracker> trackers = new();

    /// <summary>The figures of all syncs.</summary>
    public IEnumerable<SyncProgress> All => trackers.Values.Select(tracker => tracker.Current);

    /// <summary>The figures of one replica's sync; null when there is none.</summary>
    public SyncProgress? Find(ReplicaKey replica) => trackers.GetValueOrDefault(replica)?.Current;

    /// <summary>A sync's grain is there.</summary>
    public void Enter(ReplicaKey replica, SyncTracker tracker) => trackers[replica] = tracker;

    /// <summary>A sync's grain goes.</summary>
    public void Leave(ReplicaKey replica, SyncTracker tracker) => trackers.TryRemove(new(replica, tracker));
}
