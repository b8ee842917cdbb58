using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Storage;
using Sluice.Topology;

namespace Sluice.Grains;

/// <summary>
/// Carries node-wide orders out and keeps this node's shards and syncs as the topology wants them. The topology is remembered on disk, so that a node that restarts while the
/// coordinator is down goes on following its primaries.
/// </summary>
[NodePlacement]
[KeepAlive]
internal sealed partial class NodeGrain(
    [PersistentState("node", FileGrainStorage.Name)] IPersistentState<ClusterTopology> remembered,
    LocalTopology local,
    LiveConfiguration configuration,
    KnownPolicy policy,
    StorageEngine engine,
    IOptions<NodeOptions> options,
    TimeProvider time,
    ILogger<NodeGrain> logger) : Grain, INodeGrain
{
    // A replica of a busy shard is live within milliseconds of the pause; clients should not wait longer than this for a planned change of primary.
    private static readonly TimeSpan WritePause = TimeSpan.FromSeconds(5);

    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private ImmutableArray<ShardAssignment> applied = [];
    private bool appliedConfirmed;

    private string Name => options.Value.Name;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        local.Update(remembered.State, confirmed: false);
        await base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task ReplicaOf(ReplicaOfOrder order)
    {
        var topology = await TopologyGrain().Get();
        var source = await FindAsync(topology, order);
        if (string.Equals(source.Name, Name, StringComparison.Ordinal))
        {
            throw new OrderRefusedException($"{order.Host}:{order.Port} is this node itself ('{Name}'): it cannot be its own replica.");
        }

        var shards = topology.Shards.Where(shard => string.Equals(shard.Primary, source.Name, StringComparison.Ordinal)).Select(shard => shard.Shard).ToArray();
        if (shards.Length == 0)
        {
            throw new OrderRefusedException($"Node '{source.Name}' is the primary of no shard: there is nothing to copy from it. Primaries: {string.Join(", ", topology.Shards.Select(s => s.Primary).Distinct(StringComparer.Ordinal))}.");
        }

        LogReplicaOf(Name, source.Name, shards.Length, order.Force);
        var next = await TopologyGrain().AddReplicas(Name, shards);
        await TakeOverAsync(next, confirmed: true);
        if (order.Force)
        {
            foreach (var shard in shards)
            {
                await Sync(shard).Follow(new SyncOrder(source.Name, next.Shards[shard].Epoch, QosClass.Normal, Force: true));
            }
        }
    }

    /// <inheritdoc/>
    public async Task Promote()
    {
        var topology = await TopologyGrain().Get();
        var replicas = topology.HeldBy(Name).Where(shard => shard.RoleOf(Name) == ReplicaRole.Replica).ToList();
        foreach (var shard in replicas)
        {
            var progress = await Sync(shard.Shard).GetProgress();
            if (progress.State != SyncState.Live)
            {
                throw new OrderRefusedException($"Replica {progress.Replica} is not live ({progress.State}: {progress.Detail}): a replica without a whole copy is never promoted.");
            }
        }

        foreach (var shard in replicas)
        {
            await PromoteAsync(shard);
        }
    }

    /// <inheritdoc/>
    public async Task DropReplicas(ImmutableArray<int> shards)
    {
        var topology = await TopologyGrain().Get();
        var dropped = shards.IsDefaultOrEmpty
            ? [.. topology.HeldBy(Name).Where(shard => shard.RoleOf(Name) == ReplicaRole.Replica).Select(shard => shard.Shard)]
            : shards.ToArray();
        await TakeOverAsync(await TopologyGrain().RemoveReplicas(Name, dropped), confirmed: true);
    }

    /// <inheritdoc/>
    public Task TopologyChanged(ClusterTopology topology) => TakeOverAsync(topology, confirmed: true);

    /// <inheritdoc/>
    public Task<ClusterTopology> GetTopology() => Task.FromResult(local.Current);

    /// <inheritdoc/>
    public Task HearTopology(ClusterTopology topology) => TakeOverAsync(topology, confirmed: false);

    /// <inheritdoc/>
    public async Task<ClusterTopology> TakeCoordination()
    {
        if (string.Equals(local.Current.Coordinator, Name, StringComparison.Ordinal))
        {
            return await TopologyGrain().Get();
        }

        if (await new CoordinatorSearch(GrainFactory, time).AnswersAsync())
        {
            throw new OrderRefusedException("The coordinator answers: there is nothing to take over. REPLICAOF NO ONE and FAILOVER change primaries.");
        }

        await HearOthersAsync();
        // Durable here first: whatever becomes of this call, this node goes on in the new term, and its TopologyGrain finds it when it is activated here.
        await TakeOverAsync(TopologyRules.TakeCoordination(local.Current, Name), confirmed: false);
        LogTakesCoordination(Name, local.Current.Term);
        return await TopologyGrain().Get();
    }

    /// <inheritdoc/>
    public async Task<NodeReport> GetReport()
    {
        var held = local.Current.HeldBy(Name).Select(shard => shard.Shard).ToList();
        var shards = await Task.WhenAll(held.Select(shard => Shard(shard).GetStatus()));
        var syncs = await Task.WhenAll(local.Current.HeldBy(Name).Where(shard => shard.RoleOf(Name) == ReplicaRole.Replica).Select(shard => Sync(shard.Shard).GetProgress()));
        return new NodeReport
        {
            Address = options.Value.Address,
            Version = ProductVersion.Text,
            ProcessId = Environment.ProcessId,
            Uptime = time.GetUtcNow() - startedAt,
            ResidentBytes = Environment.WorkingSet,
            EngineMemoryBytes = engine.BlockCacheBytes + shards.Sum(shard => shard.EngineMemoryBytes),
            Shards = [.. shards],
            Syncs = [.. syncs],
        };
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ConfigParameter>> GetConfig(string pattern) =>
        [.. (await Configuration().GetAsync(pattern)).Select(parameter => new ConfigParameter(parameter.Key, parameter.Value))];

    /// <inheritdoc/>
    public Task SetConfig(ImmutableArray<ConfigParameter> parameters) =>
        Configuration().SetAsync([.. parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);

    private ConfigurationOrders Configuration() => new(configuration, policy, () => GrainFactory.GetGrain<IBandwidthBrokerGrain>(0), time);

    private static async Task<NodeAddress> FindAsync(ClusterTopology topology, ReplicaOfOrder order)
    {
        var onPort = topology.Nodes.Where(node => node.RespPort == order.Port).ToList();
        if (onPort.Find(node => string.Equals(node.Host, order.Host, StringComparison.OrdinalIgnoreCase)) is { } exact)
        {
            return exact;
        }

        try
        {
            var addresses = (await Dns.GetHostAddressesAsync(order.Host)).Select(address => address.ToString()).ToHashSet(StringComparer.Ordinal);
            if (onPort.Find(node => addresses.Contains(node.Host)) is { } resolved)
            {
                return resolved;
            }
        }
        catch (System.Net.Sockets.SocketException error)
        {
            throw new OrderRefusedException($"The host '{order.Host}' cannot be resolved: {error.Message}.", error);
        }

        var known = string.Join(", ", topology.Nodes.Select(node => $"{node.Name} = {node.Host}:{node.RespPort}"));
        throw new OrderRefusedException($"No node of this cluster answers at {order.Host}:{order.Port}. Known: {known}. Start the other node with this cluster's --seeds first.");
    }

    private async Task PromoteAsync(ShardAssignment shard)
    {
        var old = GrainFactory.GetGrain<IShardGrain>(new ReplicaKey(shard.Shard, shard.Primary).ToString());
        try
        {
            var last = await old.PauseWrites(shard.Epoch, WritePause);
            await Shard(shard.Shard).WaitForSequence(last, WritePause);
        }
        catch (ShardUnavailableException error)
        {
            // The primary is down: what it had acknowledged and not yet sent is lost to the new epoch, which is why an operator must have ordered this.
            LogPromotedWithoutPrimary(error, shard.Shard, Name, shard.Primary);
        }

        await TakeOverAsync(await TopologyGrain().Promote(shard.Shard, Name, shard.Epoch), confirmed: true);
    }

    private async Task HearOthersAsync()
    {
        var known = local.Current;
        var search = new CoordinatorSearch(GrainFactory, time);
        var answers = await Task.WhenAll(known.Nodes.Where(node => node.Name != Name).Select(node => search.AskAsync(node.Name, CancellationToken.None)));
        if (answers.FirstOrDefault(answer => answer is not null && answer.ClusterId == known.ClusterId && answer.Term > known.Term) is { } newer)
        {
            await TakeOverAsync(newer, confirmed: false);
            throw new OrderRefusedException($"Node '{newer.Coordinator}' has become the coordinator already, in term {newer.Term}.");
        }
    }

    private async Task TakeOverAsync(ClusterTopology topology, bool confirmed)
    {
        if (!local.Update(topology, confirmed) && applied == local.Current.Shards && appliedConfirmed == local.Confirmed)
        {
            return;
        }

        var wanted = local.Current;
        var wantedConfirmed = local.Confirmed;
        if (wanted.IsNewerThan(remembered.State))
        {
            remembered.State = wanted;
            await remembered.WriteStateAsync();
        }

        foreach (var assignment in wanted.Shards)
        {
            await ApplyAsync(assignment, wantedConfirmed);
        }

        applied = wanted.Shards;
        appliedConfirmed = wantedConfirmed;
    }

    private async Task ApplyAsync(ShardAssignment assignment, bool confirmed)
    {
        var before = applied.IsDefaultOrEmpty ? null : applied[assignment.Shard];
        if (before == assignment && appliedConfirmed == confirmed)
        {
            return;
        }

        switch (assignment.RoleOf(Name))
        {
            case ReplicaRole.Primary when confirmed:
                await Sync(assignment.Shard).Stop();
                await Shard(assignment.Shard).Assign(assignment);
                break;
            case ReplicaRole.Replica:
                await Shard(assignment.Shard).Assign(assignment);
                await Sync(assignment.Shard).Follow(new SyncOrder(assignment.Primary, assignment.Epoch, QosClass.Normal, Force: false));
                break;
            case ReplicaRole.None when before is not null && before.RoleOf(Name) != ReplicaRole.None:
                await Sync(assignment.Shard).Stop();
                await Shard(assignment.Shard).Assign(assignment);
                break;
        }
    }

    private ITopologyGrain TopologyGrain() => GrainFactory.GetGrain<ITopologyGrain>(0);

    private IShardGrain Shard(int shard) => GrainFactory.GetGrain<IShardGrain>(new ReplicaKey(shard, Name).ToString());

    private ISyncGrain Sync(int shard) => GrainFactory.GetGrain<ISyncGrain>(new ReplicaKey(shard, Name).ToString());

    [LoggerMessage(4401, LogLevel.Information, "Node {Node} becomes a replica of {Source}: {Shards} shards, force {Force}")]
    private partial void LogReplicaOf(string node, string source, int shards, bool force);

    [LoggerMessage(4403, LogLevel.Warning, "Node {Node} becomes the coordinator, in term {Term}, by an operator's order")]
    private partial void LogTakesCoordination(string node, long term);

    [LoggerMessage(4402, LogLevel.Warning, "Shard {Shard} is promoted on {Node} although its primary {Primary} cannot be reached: writes that it had not sent are lost")]
    private partial void LogPromotedWithoutPrimary(Exception error, int shard, string node, string primary);
}
