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
    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private ImmutableArray<ShardAssignment> applied = [];
    private bool appliedConfirmed;
    private NodeFailover? failover;

    private string Name => options.Value.Name;

    private NodeFailover Failovers => failover ??= new NodeFailover(Name, GrainFactory, time);

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
        var source = await FindAsync(topology, order.Host, order.Port);
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
        var copyFrom = order.From is { } from ? await FindAsync(topology, from.Host, from.Port) : null;
        var next = await TopologyGrain().Follow(Name, source.Name);
        await TakeOverAsync(next, confirmed: true);
        foreach (var shard in order.Force || copyFrom is not null ? shards : [])
        {
            await Sync(shard).Follow(new SyncOrder(source.Name, next.Shards[shard].Epoch, QosClass.Normal, order.Force) { CopyFrom = copyFrom?.Name });
        }
    }

    /// <inheritdoc/>
    public async Task Promote()
    {
        var topology = await TopologyGrain().Get();
        var replicas = topology.HeldBy(Name).Where(shard => shard.RoleOf(Name) == ReplicaRole.Replica).ToList();
        List<string> failures = [];
        await foreach (var promotion in Task.WhenEach(replicas.Select(PromoteAsync)))
        {
            if (await promotion is { Length: > 0 } failure)
            {
                failures.Add(failure);
            }

            // One after the other as they come: a shard that is promoted does not wait for the others.
            await TakeOverAsync(await TopologyGrain().Get(), confirmed: true);
        }

        if (failures.Count > 0)
        {
            throw new OrderRefusedException($"{replicas.Count - failures.Count} of {replicas.Count} shards were promoted. {string.Join(" ", failures.Order(StringComparer.Ordinal))}");
        }
    }

    /// <inheritdoc/>
    public async Task Failover(FailoverOrder order)
    {
        var topology = await TopologyGrain().Get();
        await Failovers.BeginAsync(topology, order, order.Host.Length > 0 ? await FindOrNullAsync(topology, order.Host, order.Port) : null, LogFailoverEnded);
    }

    /// <inheritdoc/>
    public Task AbortFailover() => Failovers.AbortAsync();

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
            Failover = Failovers.Phase,
        };
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ConfigParameter>> GetConfig(string pattern) =>
        [.. (await Configuration().GetAsync(pattern)).Select(parameter => new ConfigParameter(parameter.Key, parameter.Value))];

    /// <inheritdoc/>
    public Task SetConfig(ImmutableArray<ConfigParameter> parameters) =>
        Configuration().SetAsync([.. parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);

    private ConfigurationOrders Configuration() => new(configuration, policy, () => GrainFactory.GetGrain<IBandwidthBrokerGrain>(0), time);

    private static async Task<NodeAddress> FindAsync(ClusterTopology topology, string host, int port)
    {
        if (await FindOrNullAsync(topology, host, port) is { } found)
        {
            return found;
        }

        var known = string.Join(", ", topology.Nodes.Select(node => $"{node.Name} = {node.Host}:{node.RespPort}"));
        throw new OrderRefusedException($"No node of this cluster answers at {host}:{port}. Known: {known}. Start the other node with this cluster's --seeds first.");
    }

    private static async Task<NodeAddress?> FindOrNullAsync(ClusterTopology topology, string host, int port)
    {
        var onPort = topology.Nodes.Where(node => node.RespPort == port).ToList();
        if (onPort.Find(node => string.Equals(node.Host, host, StringComparison.OrdinalIgnoreCase)) is { } exact)
        {
            return exact;
        }

        try
        {
            var addresses = (await Dns.GetHostAddressesAsync(host)).Select(address => address.ToString()).ToHashSet(StringComparer.Ordinal);
            return onPort.Find(node => addresses.Contains(node.Host));
        }
        catch (System.Net.Sockets.SocketException error)
        {
            throw new OrderRefusedException($"The host '{host}' cannot be resolved: {error.Message}.", error);
        }
    }

    /// <summary>Makes this node's replica of a shard its primary.</summary>
    /// <returns>Why it failed, in a sentence that names the shard; empty: it did not.</returns>
    private async Task<string> PromoteAsync(ShardAssignment shard)
    {
        var progress = await Sync(shard.Shard).GetProgress();
        if (progress.WhyNotPromotable.Length > 0)
        {
            return $"Replica {progress.Replica} is not live ({progress.State}: {progress.Detail}), and {progress.WhyNotPromotable}: a replica without a whole copy is never promoted.";
        }

        try
        {
            if (progress.State != SyncState.Live && await Failovers.AnswersAsync(shard))
            {
                return $"Replica {progress.Replica} is not live ({progress.State}: {progress.Detail}), and its primary answers: wait until it is.";
            }

            var failure = await Failovers.HandOverAsync(shard, new HandOverOrder(Name, shard.Epoch, NodeFailover.DefaultBound, Force: false));
            return failure.Length > 0 ? $"Shard {shard.Shard}: {failure}" : "";
        }
        catch (OrderRefusedException refusal)
        {
            return $"Shard {shard.Shard}: {refusal.Message}";
        }
        catch (Exception error) when (NodeFailover.IsNoAnswer(error))
        {
            return await PromoteWithoutPrimaryAsync(shard, progress, error);
        }
    }

    private async Task<string> PromoteWithoutPrimaryAsync(ShardAssignment shard, SyncProgress progress, Exception error)
    {
        try
        {
            await TopologyGrain().Promote(shard.Shard, Name, shard.Epoch);
            LogPromotedWithoutPrimary(error, shard.Shard, Name, shard.Primary, progress.LagSequences, progress.LastDataAt);
            return "";
        }
        catch (OrderRefusedException refusal)
        {
            return $"Shard {shard.Shard}: {refusal.Message}";
        }
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

        var reigned = ImmutableArray.CreateBuilder<EndedReign>();
        foreach (var assignment in wanted.Shards)
        {
            if (!await ApplyAsync(assignment, wantedConfirmed))
            {
                reigned.Add(new EndedReign(assignment.Shard, assignment.Epoch));
            }
        }

        if (reigned.Count > 0)
        {
            // What this node wrote before it stopped, and a crash of the machine may have taken from it, its replicas may have: the same epoch must not get another history.
            await TakeOverAsync(await TopologyGrain().BeginReigns(Name, reigned.ToImmutable()), confirmed: true);
            return;
        }

        applied = wanted.Shards;
        appliedConfirmed = wantedConfirmed;
    }

    /// <summary>Carries out what the topology says of one shard. False when this node is its primary and needs a new epoch for it.</summary>
    private async Task<bool> ApplyAsync(ShardAssignment assignment, bool confirmed)
    {
        var before = applied.IsDefaultOrEmpty ? null : applied[assignment.Shard];
        if (before == assignment && appliedConfirmed == confirmed)
        {
            return true;
        }

        switch (assignment.RoleOf(Name))
        {
            case ReplicaRole.Primary when confirmed:
                await Sync(assignment.Shard).Stop();
                return await Shard(assignment.Shard).Assign(assignment);
            case ReplicaRole.Replica:
                await Shard(assignment.Shard).Assign(assignment);
                await Sync(assignment.Shard).Follow(new SyncOrder(assignment.Primary, assignment.Epoch, QosClass.Normal, Force: false));
                break;
            case ReplicaRole.None when before is not null && before.RoleOf(Name) != ReplicaRole.None:
                await Sync(assignment.Shard).Stop();
                await Shard(assignment.Shard).Assign(assignment);
                break;
        }

        return true;
    }

    private ITopologyGrain TopologyGrain() => GrainFactory.GetGrain<ITopologyGrain>(0);

    private IShardGrain Shard(int shard) => GrainFactory.GetGrain<IShardGrain>(new ReplicaKey(shard, Name).ToString());

    private ISyncGrain Sync(int shard) => GrainFactory.GetGrain<ISyncGrain>(new ReplicaKey(shard, Name).ToString());

    [LoggerMessage(4401, LogLevel.Information, "Node {Node} becomes a replica of {Source}: {Shards} shards, force {Force}")]
    private partial void LogReplicaOf(string node, string source, int shards, bool force);

    [LoggerMessage(4403, LogLevel.Warning, "Node {Node} becomes the coordinator, in term {Term}, by an operator's order")]
    private partial void LogTakesCoordination(string node, long term);

    [LoggerMessage(4402, LogLevel.Warning, "Shard {Shard} is promoted on {Node} although its primary {Primary} cannot be reached: writes that it had not sent are lost. When last heard, at {LastDataAt}, the replica was {Lag} sequences behind")]
    private partial void LogPromotedWithoutPrimary(Exception error, int shard, string node, string primary, long lag, DateTimeOffset? lastDataAt);

    private void LogFailoverEnded(ShardAssignment shard, string target, string failure)
    {
        if (failure.Length > 0)
        {
            LogFailoverFailed(shard.Shard, target, failure);
        }
    }

    [LoggerMessage(4404, LogLevel.Warning, "FAILOVER of shard {Shard} to {Target} failed: {Failure}")]
    private partial void LogFailoverFailed(int shard, string target, string failure);
}
