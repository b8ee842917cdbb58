using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Topology;

namespace Sluice.Grains;

/// <summary>
/// Holds the topology, which <see cref="TopologyRules"/> changes. A change is written before anybody hears of it, then told to all nodes; a node that does not
/// hear of it asks when it starts, when its gateway meets a replica whose role has changed, and every few seconds.
/// <para>
/// It lives on the coordinator. When that node is down for good, an operator makes another one the coordinator, in a new <b>term</b>; the topology that this node remembers is its state then. A coordinator that
/// comes back must not go on as if nothing had happened: when this grain is activated it asks the other nodes, and yields to a newer term; and it yields whenever its node hears of one. A node that nobody
/// answers goes on alone after <see cref="CoordinatorSearch.Patience"/>, for a cluster must be able to start when the others are gone; a second coordinator is possible then until they see each other, and the
/// epochs that it gave meanwhile count for nothing.
/// </para>
/// </summary>
[CoordinatorPlacement]
[KeepAlive]
internal sealed partial class TopologyGrain(
    [PersistentState("topology", FileGrainStorage.Name)] IPersistentState<ClusterTopology> state,
    LocalTopology local,
    IOptions<NodeOptions> options,
    TimeProvider time,
    ILogger<TopologyGrain> logger) : Grain, ITopologyGrain
{
    private string Node => options.Value.Name;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var known = local.Current.IsNewerThan(state.State) ? local.Current : state.State;
        var others = known.Nodes.Select(node => node.Name).Where(name => !string.Equals(name, Node, StringComparison.Ordinal)).ToList();
        if (others.Count > 0)
        {
            var (newest, silent) = await new CoordinatorSearch(GrainFactory, time).AskAllAsync(known, others, cancellationToken);
            known = newest;
            if (silent.Count > 0)
            {
                LogGoesOnAlone(Node, string.Join(", ", silent));
            }
        }

        if (known.Term > state.State.Term)
        {
            local.Update(known, confirmed: false);
            YieldUnlessOwn(known);
            await ChangeAsync(known, $"node {Node} coordinates the cluster in term {known.Term}");
        }

        await base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ClusterTopology> Get() => Task.FromResult(Current());

    /// <inheritdoc/>
    public Task<ClusterTopology> Join(NodeAddress node, int shardCount, Guid cluster) =>
        ChangeAsync(TopologyRules.Join(Current(), node, shardCount, cluster, Guid.NewGuid), $"node {node.Name} joined");

    /// <inheritdoc/>
    public Task<ClusterTopology> AddReplicas(string node, int[] shards) =>
        ChangeAsync(TopologyRules.AddReplicas(Current(), node, shards), $"node {node} gets replicas of {shards.Length} shards");

    /// <inheritdoc/>
    public Task<ClusterTopology> Follow(string node, string source) =>
        ChangeAsync(TopologyRules.Follow(Current(), node, source), $"node {node} follows {source}");

    /// <inheritdoc/>
    public Task<ClusterTopology> RemoveReplicas(string node, int[] shards) =>
        ChangeAsync(TopologyRules.RemoveReplicas(Current(), node, shards), $"node {node} gives up replicas of {shards.Length} shards");

    /// <inheritdoc/>
    public Task<ClusterTopology> Promote(int shard, string node, long expectedEpoch) =>
        ChangeAsync(TopologyRules.Promote(Current(), shard, node, expectedEpoch), $"node {node} becomes primary of shard {shard}");

    /// <inheritdoc/>
    public Task<ClusterTopology> BeginReigns(string node, ImmutableArray<EndedReign> ended) =>
        ChangeAsync(TopologyRules.BeginReigns(Current(), node, ended), $"node {node} begins new reigns over {ended.Length} shards");

    private ClusterTopology Current()
    {
        if (local.Current.Term > state.State.Term)
        {
            DeactivateOnIdle();
            YieldUnlessOwn(local.Current);
            throw new ShardUnavailableException($"Node '{Node}' has become the coordinator just now; ask again.");
        }

        return state.State;
    }

    private void YieldUnlessOwn(ClusterTopology newer)
    {
        if (!string.Equals(newer.Coordinator, Node, StringComparison.Ordinal))
        {
            throw new ShardUnavailableException($"Node '{newer.Coordinator}' coordinates the cluster since term {newer.Term}, not '{Node}'.");
        }
    }

    private async Task<ClusterTopology> ChangeAsync(ClusterTopology next, string what)
    {
        if (next == state.State)
        {
            return next;
        }

        var before = state.State;
        state.State = next;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            state.State = before;
            throw;
        }

        LogChanged(next.Version, what);
        foreach (var node in next.Nodes)
        {
            _ = TellAsync(node.Name, next);
        }

        return next;
    }

    private async Task TellAsync(string node, ClusterTopology next)
    {
        try
        {
            await GrainFactory.GetGrain<INodeGrain>(node).TopologyChanged(next);
        }
        catch (Exception error)
        {
            LogNotTold(PeerError.Unexpected(error), node, next.Version, error.Message);
        }
    }

    [LoggerMessage(4001, LogLevel.Information, "Topology version {Version}: {What}")]
    private partial void LogChanged(long version, string what);

    [LoggerMessage(4002, LogLevel.Information, "Node {Node} was not told of topology version {Version}; it will ask when it is up: {Reason}")]
    private partial void LogNotTold(Exception? unexpected, string node, long version, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Coordinator {Node} goes on without an answer from {Silent}: should one of them have become the coordinator meanwhile, this node yields as soon as it hears of it")]
    private partial void LogGoesOnAlone(string node, string silent);
}
