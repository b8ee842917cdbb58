namespace Sluice.Client;

internal sealed class SluiceReplicas(IClusterGrains grains, TopologyCache topology, SluiceNodes nodes) : ISluiceReplicas
{
    public async Task<IReadOnlyList<ReplicaState>> ListAsync(CancellationToken cancellationToken)
    {
        var states = await nodes.ListAsync(cancellationToken).ConfigureAwait(false);
        var current = await topology.GetAsync(cancellationToken).ConfigureAwait(false);
        List<ReplicaState> replicas = [];
        foreach (var assignment in current.Shards)
        {
            replicas.Add(State(assignment, assignment.Primary, states));
            replicas.AddRange(assignment.Replicas.Order(StringComparer.Ordinal).Select(node => State(assignment, node, states)));
        }

        return replicas;
    }

    public async Task<ReplicaState?> FindAsync(ReplicaKey replica, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(state => state.Replica == replica);

    public async Task<IReadOnlyList<int>> AddAsync(string node, IReadOnlyCollection<int>? shards, CancellationToken cancellationToken)
    {
        await nodes.FindAsync(node, cancellationToken).ConfigureAwait(false);
        var current = await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
        var wanted = Checked(shards, current)
            .Where(shard => current.Shards[shard].RoleOf(node) == ReplicaRole.None)
            .Order()
            .ToArray();
        if (wanted.Length > 0)
        {
            await GrainCalls.AskAsync("The cluster", () => grains.Topology.AddReplicas(node, wanted).WaitAsync(cancellationToken)).ConfigureAwait(false);
            await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
        }

        return wanted;
    }

    public async Task FollowAsync(string node, string source, bool force, CancellationToken cancellationToken)
    {
        await nodes.FindAsync(node, cancellationToken).ConfigureAwait(false);
        var address = await nodes.FindAsync(source, cancellationToken).ConfigureAwait(false);
        var order = new ReplicaOfOrder(address.Host, address.RespPort, force);
        await GrainCalls.AskAsync(SluiceNodes.Named(node), () => grains.Node(node).ReplicaOf(order).WaitAsync(cancellationToken)).ConfigureAwait(false);
    }

    public async Task RemoveAsync(string node, IReadOnlyCollection<int>? shards, CancellationToken cancellationToken)
    {
        await nodes.FindAsync(node, cancellationToken).ConfigureAwait(false);
        var current = await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
        int[] dropped = shards is null or { Count: 0 } ? [] : Checked(shards, current);
        await GrainCalls.AskAsync(SluiceNodes.Named(node), () => grains.Node(node).DropReplicas([.. dropped]).WaitAsync(cancellationToken))
            .ConfigureAwait(false);
    }

    public async Task PromoteAsync(string node, CancellationToken cancellationToken)
    {
        await nodes.FindAsync(node, cancellationToken).ConfigureAwait(false);
        await GrainCalls.AskAsync(SluiceNodes.Named(node), () => grains.Node(node).Promote().WaitAsync(cancellationToken)).ConfigureAwait(false);
        await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
    }

    private static int[] Checked(IReadOnlyCollection<int>? shards, ClusterTopology current)
    {
        if (shards is null or { Count: 0 })
        {
            return [.. current.Shards.Select(assignment => assignment.Shard)];
        }

        foreach (var shard in shards)
        {
            current.CheckShard(shard);
        }

        return [.. shards.Distinct()];
    }

    private static ReplicaState State(ShardAssignment assignment, string node, IReadOnlyList<NodeState> states)
    {
        var key = new ReplicaKey(assignment.Shard, node);
        var state = states.FirstOrDefault(candidate => candidate.Address.Name == node);
        return new ReplicaState(
            key,
            assignment.RoleOf(node),
            assignment.Epoch,
            state?.Report?.Shards.FirstOrDefault(status => status.Key == key),
            assignment.Primary == node ? null : state?.Report?.Syncs.FirstOrDefault(sync => sync.Replica == key),
            state?.Problem ?? "");
    }
}
