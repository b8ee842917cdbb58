namespace Sluice.Silo.Resp.Info;

/// <summary>
/// A node's replication in the words of INFO replication and ROLE, which know one link for a whole server: sums over the node's shards. Pure.
/// </summary>
/// <param name="report">What the node is and does.</param>
/// <param name="role">What the topology says of it.</param>
/// <param name="now">For ages.</param>
internal sealed class ReplicationState(NodeReport report, NodeRoleView role, DateTimeOffset now)
{
    /// <summary>The node that this one follows; null when it is a master in Redis' sense.</summary>
    public NodeAddress? Primary { get; } = role.IsReplica ? role.Primary : null;

    /// <summary>The sum of the sequences of all shards.</summary>
    public long Offset { get; } = report.Shards.Sum(shard => shard.Sequence);

    /// <summary>True while a full copy is under way for any shard.</summary>
    public bool IsCopying => report.Syncs.Any(IsCopyingNow);

    /// <summary>True when all replicas follow their primary's log.</summary>
    public bool IsUp => report.Syncs.Length > 0 && report.Syncs.All(sync => sync.State is SyncState.CatchingUp or SyncState.Live);

    /// <summary>How far a FAILOVER is, in Redis' words.</summary>
    public string FailoverState => report.Failover switch
    {
        FailoverPhase.WaitingForSync => "waiting-for-sync",
        FailoverPhase.InProgress => "failover-in-progress",
        _ => "no-failover",
    };

    /// <summary>ROLE's state of the link.</summary>
    public string LinkState => IsUp ? "connected" : IsCopying ? "sync" : "connecting";

    /// <summary>Payload of the full copies that are under way or done in this round of copies, bytes.</summary>
    public long TotalBytes => Copies.Sum(sync => sync.TotalBytes);

    /// <summary>How much of it has arrived, bytes.</summary>
    public long ReceivedBytes => Copies.Sum(sync => Math.Min(sync.ReceivedBytes, sync.TotalBytes));

    /// <summary>Seconds since data last came; -1 when none ever did.</summary>
    public long LastIoSeconds => report.Syncs.Select(sync => sync.LastDataAt).Max() is { } last ? Math.Max(0, (long)(now - last).TotalSeconds) : -1;

    /// <summary>What the writers of the shards that are held at all are held to together, bytes per second; 0: none is held.</summary>
    public long BackpressureBytesPerSecond { get; } = report.Shards.Sum(shard => shard.BackpressureBytesPerSecond);

    /// <summary>How long writes have waited for followers in all.</summary>
    public long BackpressureDelayMilliseconds { get; } = (long)report.Shards.Sum(shard => shard.BackpressureDelay.TotalMilliseconds);

    /// <summary>Other nodes that hold replicas of this node's primaries.</summary>
    public IReadOnlyList<Follower> Followers
    {
        get
        {
            var primaries = report.Shards.Where(shard => shard.Role == ReplicaRole.Primary).ToList();
            var assigned = role.Topology.Shards
                .Where(shard => string.Equals(shard.Primary, report.Address.Name, StringComparison.Ordinal))
                .SelectMany(shard => shard.Replicas)
                .GroupBy(node => node, StringComparer.Ordinal);
            return [.. assigned.Select(node => Describe(node.Key, node.Count(), primaries)).OfType<Follower>()];
        }
    }

    private IEnumerable<SyncProgress> Copies => report.Syncs.Where(sync => sync.TotalBytes > 0);

    private static bool IsCopyingNow(SyncProgress sync) => sync.State is SyncState.Opening or SyncState.Copying or SyncState.Verifying or SyncState.Installing;

    private Follower? Describe(string name, int replicas, List<ShardStatus> primaries)
    {
        if (role.Topology.FindNode(name) is not { } address)
        {
            return null;
        }

        var logs = primaries.SelectMany(shard => shard.Followers).Where(follower => string.Equals(follower.Node, name, StringComparison.Ordinal)).ToList();
        var lag = logs.Count == 0 ? 0 : logs.Max(follower => (now - follower.LastAcknowledged).TotalSeconds);
        var state = logs.Exists(follower => follower.IsHung) ? "hung" : logs.Count(follower => follower.Mode == FollowerMode.Apply) >= replicas ? "online" : "send_bulk";
        return new Follower(address.Host, address.RespPort, state, logs.Sum(follower => follower.DurableSequence), (long)Math.Max(0, lag))
        {
            LagSequences = logs.Sum(follower => follower.LagSequences),
            LagBytes = logs.Sum(follower => follower.LagBytes),
            LagMilliseconds = (long)logs.Select(follower => follower.Lag.TotalMilliseconds).DefaultIfEmpty().Max(),
        };
    }

    /// <summary>Another node that follows this one.</summary>
    /// <param name="Host">Its address.</param>
    /// <param name="Port">Its RESP port.</param>
    /// <param name="State">hung when one of its replicas is; online, or send_bulk while not all of them follow the log.</param>
    /// <param name="Offset">The sum of the sequences that it has made durable.</param>
    /// <param name="LagSeconds">Since it last acknowledged, the slowest of its replicas.</param>
    internal sealed record Follower(string Host, int Port, string State, long Offset, long LagSeconds)
    {
        /// <summary>Sequences that its replicas lack together.</summary>
        public long LagSequences { get; init; }

        /// <summary>Bytes of log that they lack together.</summary>
        public long LagBytes { get; init; }

        /// <summary>How long ago the oldest record was written that one of them lacks.</summary>
        public long LagMilliseconds { get; init; }
    }
}
