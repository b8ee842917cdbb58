using System.Collections.Immutable;

namespace Sluice.Topology;

/// <summary>
/// The changes that a topology may go through. Pure: each takes the present one and returns the next, the same one when nothing changes, or refuses.
/// </summary>
public static class TopologyRules
{
    /// <summary>Makes a node known; the first one founds the cluster and becomes primary of all shards.</summary>
    /// <param name="topology">The present one.</param>
    /// <param name="node">The node.</param>
    /// <param name="shardCount">The number of shards that it was set up for.</param>
    /// <param name="cluster">The cluster that its data belongs to; <see cref="Guid.Empty"/>: it has none yet.</param>
    /// <param name="newClusterId">Names a new cluster.</param>
    public static ClusterTopology Join(ClusterTopology topology, NodeAddress node, int shardCount, Guid cluster, Func<Guid> newClusterId)
    {
        CheckCluster(topology, node, cluster);
        if (topology.Shards.IsEmpty)
        {
            return new ClusterTopology
            {
                ClusterId = newClusterId(),
                Version = 1,
                Nodes = [node],
                Shards = [.. Enumerable.Range(0, shardCount).Select(shard => new ShardAssignment(shard, 1, node.Name, []))],
            };
        }

        if (topology.Shards.Length != shardCount)
        {
            throw new OrderRefusedException($"The cluster has {topology.Shards.Length} shards, node '{node.Name}' was started for {shardCount}: start it with --shards {topology.Shards.Length}.");
        }

        var known = topology.FindNode(node.Name);
        if (known == node)
        {
            return topology;
        }

        var others = topology.Nodes.Where(other => other != known);
        return topology with { Version = topology.Version + 1, Nodes = [.. others.Append(node).OrderBy(n => n.Name, StringComparer.Ordinal)] };
    }

    /// <summary>Gives a node replicas of shards.</summary>
    public static ClusterTopology AddReplicas(ClusterTopology topology, string node, IReadOnlyCollection<int> shards)
    {
        if (topology.FindNode(node) is null)
        {
            throw new OrderRefusedException($"No node '{node}' has joined the cluster. Known: {string.Join(", ", topology.Nodes.Select(n => n.Name))}.");
        }

        return Change(topology, shards, assignment => assignment.RoleOf(node) switch
        {
            ReplicaRole.Primary => throw new OrderRefusedException($"Node '{node}' is the primary of shard {assignment.Shard}: it cannot be its own replica."),
            ReplicaRole.Replica => assignment,
            _ => assignment with { Replicas = assignment.Replicas.Add(node) },
        });
    }

    /// <summary>Takes replicas of shards from a node.</summary>
    public static ClusterTopology RemoveReplicas(ClusterTopology topology, string node, IReadOnlyCollection<int> shards) =>
        Change(topology, shards, assignment => assignment.RoleOf(node) switch
        {
            ReplicaRole.Primary => throw new OrderRefusedException($"Node '{node}' is the primary of shard {assignment.Shard}: promote another replica first."),
            ReplicaRole.Replica => assignment with { Replicas = assignment.Replicas.Remove(node, StringComparer.Ordinal) },
            _ => assignment,
        });

    /// <summary>Makes a replica the primary of the next epoch, and the old primary a replica.</summary>
    public static ClusterTopology Promote(ClusterTopology topology, int shard, string node, long expectedEpoch) =>
        Change(topology, [shard], assignment =>
        {
            if (assignment.Epoch != expectedEpoch)
            {
                throw new OrderRefusedException($"Shard {shard} is at epoch {assignment.Epoch}, not {expectedEpoch}: its primary is '{assignment.Primary}' now.");
            }

            return assignment.RoleOf(node) switch
            {
                ReplicaRole.Replica => new ShardAssignment(shard, assignment.Epoch + 1, node, assignment.Replicas.Remove(node, StringComparer.Ordinal).Add(assignment.Primary)),
                ReplicaRole.Primary => assignment,
                _ => throw new OrderRefusedException($"Node '{node}' holds no replica of shard {shard}."),
            };
        });

    /// <summary>Makes a node the coordinator of a new term.</summary>
    public static ClusterTopology TakeCoordination(ClusterTopology topology, string node) =>
        topology.FindNode(node) is null
            ? throw new OrderRefusedException($"Node '{node}' knows no cluster that it has joined: there is nothing to coordinate.")
            : topology with { Version = topology.Version + 1, Term = topology.Term + 1, Coordinator = node };

    // Nothing is taken over from, or mixed with, a stranger's data; and a coordinator whose own data is gone must not found a new cluster beside the old one's nodes.
    private static void CheckCluster(ClusterTopology topology, NodeAddress node, Guid cluster)
    {
        if (cluster == Guid.Empty || cluster == topology.ClusterId)
        {
            return;
        }

        throw new OrderRefusedException(topology.Shards.IsEmpty
            ? $"Node '{node.Name}' holds data of cluster {cluster:N}, of which the coordinator knows nothing: its data directory is new or lost. Start the coordinator on its old one, or stop it and order SLUICE COORDINATOR TAKEOVER on a node that has the data."
            : $"Node '{node.Name}' holds data of cluster {cluster:N}, this is cluster {topology.ClusterId:N}: start it with an empty --data directory, or with the --seeds of its own cluster.");
    }

    /// <summary>Raises the epochs of a node's primaries that still are what the node says of them; the primary stays. Whoever expected the old epoch is refused from then on.</summary>
    public static ClusterTopology BeginReigns(ClusterTopology topology, string node, IReadOnlyCollection<EndedReign> ended) =>
        Change(topology, [.. ended.Select(reign => reign.Shard)], assignment =>
            assignment.RoleOf(node) == ReplicaRole.Primary && ended.Contains(new EndedReign(assignment.Shard, assignment.Epoch))
                ? assignment with { Epoch = assignment.Epoch + 1 }
                : assignment);

    /// <summary>Makes a node hold replicas of another's primaries, and of nothing else: what it followed before ends. Where it is primary itself, it stays so.</summary>
    public static ClusterTopology Follow(ClusterTopology topology, string node, string source)
    {
        var wanted = topology.Shards.Where(shard => string.Equals(shard.Primary, source, StringComparison.Ordinal)).Select(shard => shard.Shard).ToList();
        var followed = topology.HeldBy(node).Where(shard => shard.RoleOf(node) == ReplicaRole.Replica).Select(shard => shard.Shard).Except(wanted).ToList();
        var next = AddReplicas(RemoveReplicas(topology, node, followed), node, wanted);
        return next == topology ? topology : next with { Version = topology.Version + 1 };
    }

    private static ClusterTopology Change(ClusterTopology topology, IReadOnlyCollection<int> shards, Func<ShardAssignment, ShardAssignment> change)
    {
        foreach (var shard in shards)
        {
            if (shard < 0 || shard >= topology.Shards.Length)
            {
                throw new OrderRefusedException($"There is no shard {shard}: the cluster has {topology.Shards.Length}, counted from 0.");
            }
        }

        var next = topology.Shards.Select(assignment => shards.Contains(assignment.Shard) ? change(assignment) : assignment).ToImmutableArray();
        return next.SequenceEqual(topology.Shards) ? topology : topology with { Version = topology.Version + 1, Shards = next };
    }
}
