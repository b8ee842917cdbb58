namespace Sluice.Silo.Resp;

/// <summary>This node's role as Redis' clients understand it: one role for the whole node.</summary>
internal sealed class NodeRoleView(ITopologyView topology, INodeControl node)
{
    /// <summary>The newest topology.</summary>
    public ClusterTopology Topology => topology.Current;

    /// <summary>True for a node that holds replicas and is primary of nothing. A node that is primary of something takes writes, as a master does.</summary>
    public bool IsReplica
    {
        get
        {
            var held = topology.Current.HeldBy(node.Name).ToList();
            return held.Count > 0 && held.TrueForAll(shard => shard.RoleOf(node.Name) == ReplicaRole.Replica);
        }
    }

    /// <summary>The node that most of this node's replicas follow; null when it follows none.</summary>
    public NodeAddress? Primary =>
        topology.Current.HeldBy(node.Name)
            .Where(shard => shard.RoleOf(node.Name) == ReplicaRole.Replica)
            .GroupBy(shard => shard.Primary, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count())
            .Select(group => topology.Current.FindNode(group.Key))
            .FirstOrDefault();
}
