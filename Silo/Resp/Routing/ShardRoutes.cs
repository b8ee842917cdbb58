namespace Sluice.Silo.Resp.Routing;

/// <summary>Where each shard's commands go, worked out once for each topology: this node's own replica if it holds one, otherwise the primary.</summary>
internal sealed class ShardRoutes
{
    private readonly Route[] routes;

    private ShardRoutes(ClusterTopology topology, Route[] routes)
    {
        Topology = topology;
        this.routes = routes;
    }

    /// <summary>What they were worked out from.</summary>
    public ClusterTopology Topology { get; }

    /// <summary>The number of shards.</summary>
    public int Count => routes.Length;

    /// <summary>A shard's route.</summary>
    public Route this[int shard] => routes[shard];

    /// <summary>Works routes out.</summary>
    public static ShardRoutes From(ClusterTopology topology, string self, IGrainFactory grains) =>
        new(topology, [.. topology.Shards.Select(shard => RouteOf(shard, self, grains))]);

    private static Route RouteOf(ShardAssignment shard, string self, IGrainFactory grains)
    {
        var role = shard.RoleOf(self);
        var node = role == ReplicaRole.None ? shard.Primary : self;
        var primary = Grain(grains, shard.Shard, shard.Primary);
        return new Route(node, shard.Epoch, ToPrimary: role != ReplicaRole.Replica, role == ReplicaRole.Replica ? Grain(grains, shard.Shard, self) : primary, primary);
    }

    private static IShardGrain Grain(IGrainFactory grains, int shard, string node) =>
        grains.GetGrain<IShardGrain>(new ReplicaKey(shard, node).ToString());

    /// <summary>Where a shard's commands go.</summary>
    /// <param name="Node">The node of <paramref name="Target"/>.</param>
    /// <param name="Epoch">The shard's epoch, as far as this node knows.</param>
    /// <param name="ToPrimary">Whether the target is the shard's primary.</param>
    /// <param name="Target">Executes the commands.</param>
    /// <param name="Primary">The primary, whether or not it is the target.</param>
    internal sealed record Route(string Node, long Epoch, bool ToPrimary, IShardGrain Target, IShardGrain Primary);
}
