using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Topology;

namespace Sluice.Grains;

/// <summary>
/// Holds the topology, which <see cref="TopologyRules"/> changes. A change is written before anybody hears of it, then told to all nodes; a node that does not
/// hear of it asks when it starts, when its gateway meets a replica whose role has changed, and every few seconds.
/// </summary>
[CoordinatorPlacement]
[KeepAlive]
internal sealed partial class TopologyGrain(
    [PersistentState("topology", FileGrainStorage.Name)] IPersistentState<ClusterTopology> state,
    ILogger<TopologyGrain> logger) : Grain, ITopologyGrain
{
    /// <inheritdoc/>
    public Task<ClusterTopology> Get() => Task.FromResult(state.State);

    /// <inheritdoc/>
    public Task<ClusterTopology> Join(NodeAddress node, int shardCount) =>
        ChangeAsync(TopologyRules.Join(state.State, node, shardCount, Guid.NewGuid), $"node {node.Name} joined");

    /// <inheritdoc/>
    public Task<ClusterTopology> AddReplicas(string node, int[] shards) =>
        ChangeAsync(TopologyRules.AddReplicas(state.State, node, shards), $"node {node} gets replicas of {shards.Length} shards");

    /// <inheritdoc/>
    public Task<ClusterTopology> RemoveReplicas(string node, int[] shards) =>
        ChangeAsync(TopologyRules.RemoveReplicas(state.State, node, shards), $"node {node} gives up replicas of {shards.Length} shards");

    /// <inheritdoc/>
    public Task<ClusterTopology> Promote(int shard, string node, long expectedEpoch) =>
        ChangeAsync(TopologyRules.Promote(state.State, shard, node, expectedEpoch), $"node {node} becomes primary of shard {shard}");

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
}
