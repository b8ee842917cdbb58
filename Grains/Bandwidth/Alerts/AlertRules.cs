using System.Collections.Immutable;
using System.Globalization;

namespace Sluice.Bandwidth;

/// <summary>A shard that this node is the primary of, and one flow of it.</summary>
/// <param name="Flow">The flow.</param>
/// <param name="WrittenBytesPerSecond">How fast the shard's log grows.</param>
/// <param name="SentBytesPerSecond">How fast the flow goes.</param>
/// <param name="ShareBytesPerSecond">What the flow may send at the most; 0: not known.</param>
/// <param name="Backlog">The flow has something to send that it has not sent yet.</param>
public readonly record struct FlowPressure(FlowId Flow, long WrittenBytesPerSecond, long SentBytesPerSecond, long ShareBytesPerSecond, bool Backlog);

/// <summary>
/// What is wrong, seen from the figures of one moment, and what to do about it. Pure. Whether it stays so long enough to be an alert is the <see cref="AlertBoard"/>'s business. The broker looks at links and the queue;
/// each node at its own syncs, shards and grants.
/// </summary>
public static class AlertRules
{
    // Full, as far as counters that are read every 250 ms can tell.
    private const double Full = 0.95;

    private const double MostlyOthers = 0.5;

    // A stalled connection is noticed after five seconds at the soonest; less silence than one heartbeat is none.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    /// <summary>Degraded and saturated links.</summary>
    /// <param name="nodes">The nodes' reports with the estimates in them.</param>
    /// <param name="sharedWith">The link that can't be told apart from a degraded one at present, or null.</param>
    public static IEnumerable<AlertCondition> Links(IEnumerable<NodeBandwidthReport> nodes, Func<LinkKey, LinkKey?> sharedWith)
    {
        var all = nodes.SelectMany(node => node.Links.Select(link => (Key: new LinkKey(node.Node, link.Interface, link.Direction), Link: link, node.HeadroomPercent))).DistinctBy(link => link.Key).ToList();
        var links = all.ToDictionary(link => link.Key, link => link.Link);
        foreach (var (key, link, headroom) in all)
        {
            if (link.CapacityBytesPerSecond == 0)
            {
                continue;
            }

            if (IsBelowNormal(link))
            {
                // Of two that can't be told apart one speaks for both; and if the other one never had more, it explains what both give.
                var twin = link.CapacitySource == CapacitySource.Estimated ? sharedWith(key) : null;
                if (twin is not { } other || (key.Direction == LinkDirection.Egress && !(links.TryGetValue(other, out var peer) && peer.NormalBytesPerSecond > 0 && !IsBelowNormal(peer))))
                {
                    yield return Degraded(key, link, twin);
                }
            }

            if (IsSaturated(link, headroom))
            {
                yield return new AlertCondition(
                    AlertKind.LinkSaturated,
                    key.ToString(),
                    link.CapacityBytesPerSecond,
                    link.CarriedBytesPerSecond,
                    $"{key} carries {LinkRate.Text(link.CarriedBytesPerSecond)} of {LinkRate.Text(link.CapacityBytesPerSecond)}, {LinkRate.Text(link.ForegroundBytesPerSecond)} of it foreground: pause copies or raise sync-headroom-percent if clients suffer, or move load to another node.");
            }
        }
    }

    /// <summary>Full copies that wait.</summary>
    public static IEnumerable<AlertCondition> Queue(IEnumerable<QueuedSync> queue) => queue.Select((sync, index) => new AlertCondition(
        AlertKind.SyncQueued,
        sync.Replica.ToString(),
        0,
        0,
        string.Create(CultureInfo.InvariantCulture, $"The full copy of {sync.Replica} waits at place {index + 1}: {sync.Reason}; raise max-concurrent-syncs if the links have room, or give it a more urgent class.")));

    /// <summary>Full copies of which nothing arrives.</summary>
    /// <param name="syncs">The syncs of this node.</param>
    /// <param name="isPaused">Whether an operator has paused a sync.</param>
    /// <param name="now">The present time.</param>
    public static IEnumerable<AlertCondition> Stalls(IEnumerable<SyncProgress> syncs, Func<ReplicaKey, bool> isPaused, DateTimeOffset now) =>
        from sync in syncs
        where sync.State == SyncState.Copying && !isPaused(sync.Replica)
        let silentFor = now - (sync.LastDataAt ?? sync.StartedAt ?? now)
        where silentFor >= Silence
        select new AlertCondition(
            AlertKind.SyncStalled,
            sync.Replica.ToString(),
            sync.GrantBytesPerSecond,
            0,
            $"Nothing of the full copy of {sync.Replica} arrives from {sync.Source} ({(sync.LastError.Length > 0 ? sync.LastError.TrimEnd('.') : sync.Detail)}): see whether {sync.Source} is up and its replication port can be reached; the copy goes on by itself from where it is.");

    /// <summary>Flows that send less than their shard is written.</summary>
    public static IEnumerable<AlertCondition> Convergence(IEnumerable<FlowPressure> flows) =>
        from pressure in flows
        let flow = pressure.Flow
        where pressure.Backlog && pressure.WrittenBytesPerSecond > 0 && IsTooFast(pressure)
        let rate = pressure.ShareBytesPerSecond > 0 ? pressure.ShareBytesPerSecond : pressure.SentBytesPerSecond
        select new AlertCondition(
            AlertKind.CannotConverge,
            flow.ToString(),
            pressure.WrittenBytesPerSecond,
            rate,
            $"Shard {flow.Replica.Shard} is written at {LinkRate.Text(pressure.WrittenBytesPerSecond)} and its flow to {flow.Replica.Node} gets {LinkRate.Text(rate)}: the replica never catches up unless the flow gets more (its class, its limit, throttle-bytes-per-second, fewer copies at once) or the writers slow down (repl-backpressure does that).");

    /// <summary>Followers that are connected, were sent something, and take nothing in.</summary>
    public static IEnumerable<AlertCondition> Hung(IEnumerable<(ReplicaKey Source, FollowerStatus Follower)> followers) =>
        from pair in followers
        where pair.Follower.IsHung
        let replica = pair.Source with { Node = pair.Follower.Node }
        select new AlertCondition(
            AlertKind.FollowerHung,
            replica.ToString(),
            0,
            0,
            string.Create(CultureInfo.InvariantCulture, $"Replica {replica} is connected to {pair.Source.Node} and has made nothing durable beyond sequence {pair.Follower.DurableSequence} for half a minute, though it was sent more ({pair.Follower.LagSequences} sequences behind): look at its node's disk and log, and restart the node if it does nothing; it goes on from where it is."));

    /// <summary>Grants that expired because the broker does not answer.</summary>
    /// <param name="node">This node.</param>
    /// <param name="flows">How many flows it sends.</param>
    /// <param name="grantedBytesPerSecond">What they had together before.</param>
    /// <param name="floorBytesPerSecond">What each has now.</param>
    public static AlertCondition Expired(string node, int flows, long grantedBytesPerSecond, long floorBytesPerSecond) => new(
        AlertKind.GrantExpired,
        node,
        grantedBytesPerSecond,
        floorBytesPerSecond * flows,
        $"The bandwidth broker does not answer node {node}, and the grants of its {flows.ToString(CultureInfo.InvariantCulture)} flows have expired: each keeps to its floor (sync-floor-bytes-per-second) until it answers; see whether the other nodes are up and can be reached.");

    // Copies that are to leave nothing free fill a link whenever there are any, and yield to whoever comes: that is news only when little is left for them.
    private static bool IsSaturated(LinkReport link, int headroom) =>
        link.CarriedBytesPerSecond >= link.CapacityBytesPerSecond * Full
        && (Headroom.PercentOf(headroom, link.CapacitySource) > 0 || link.ForegroundBytesPerSecond >= link.CapacityBytesPerSecond * MostlyOthers);

    private static bool IsBelowNormal(LinkReport link) => link.CapacityBytesPerSecond < link.NormalBytesPerSecond * LinkEstimator.NominalEnough;

    private static AlertCondition Degraded(LinkKey key, LinkReport link, LinkKey? twin)
    {
        var other = twin is { } both ? $" (or {both}: at present the same flows cross both)" : "";
        var seen = link.CapacitySource == CapacitySource.Estimated ? "its flows are held at" : "its interface says";
        return new AlertCondition(
            AlertKind.LinkDegraded,
            key.ToString(),
            link.NormalBytesPerSecond,
            link.CapacityBytesPerSecond,
            $"{key}{other} should give {LinkRate.Text(link.NormalBytesPerSecond)} and {seen} {LinkRate.Text(link.CapacityBytesPerSecond)}: look at cable, switch port and shaping of the host; syncs go on at what it gives. If this is all that it should give, set link-capacity.");
    }

    // A flow that sends as fast as it may, and that is not enough. A log stream that keeps up sends as much as is written.
    private static bool IsTooFast(FlowPressure pressure)
    {
        var most = Math.Max(pressure.SentBytesPerSecond, pressure.ShareBytesPerSecond);
        return pressure.WrittenBytesPerSecond > most;
    }
}
