using Orleans.Runtime;

namespace Sluice.Topology;

/// <summary>
/// Planned changes of primary as a node orders them: FAILOVER for all shards whose primary it is, REPLICAOF NO ONE for all that it holds replicas of. Each shard is handed over by itself, all at once, by
/// its primary (<see cref="HandOver"/>). It runs in the turns of its NodeGrain; FAILOVER goes on after its order was answered, as in Redis.
/// </summary>
internal sealed class NodeFailover(string node, IGrainFactory grains, TimeProvider time)
{
    /// <summary>For how long writes wait at most when the operator does not say: a live replica is there within milliseconds, and clients give up after some seconds.</summary>
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, FailoverPhase> underWay = [];

    /// <summary>How far FAILOVER is: the phase of the shard that is least far.</summary>
    public FailoverPhase Phase => underWay.Count == 0 ? FailoverPhase.NoFailover : underWay.Values.Min();

    /// <summary>Begins FAILOVER.</summary>
    /// <param name="topology">The present topology.</param>
    /// <param name="order">What was ordered.</param>
    /// <param name="named">The node at the order's address; null: none is there, or none was named.</param>
    /// <param name="ended">Called at the end of each shard's, with why it failed; empty: it did not.</param>
    /// <exception cref="OrderRefusedException">In Redis' words.</exception>
    public async Task BeginAsync(ClusterTopology topology, FailoverOrder order, NodeAddress? named, Action<ShardAssignment, string, string> ended)
    {
        if (underWay.Count > 0)
        {
            throw new OrderRefusedException("FAILOVER already in progress.");
        }

        var shards = topology.HeldBy(node).Where(shard => shard.RoleOf(node) == ReplicaRole.Primary).ToList();
        if (shards.Count == 0)
        {
            throw new OrderRefusedException("FAILOVER is not valid when server is a replica.");
        }

        if (shards.TrueForAll(shard => shard.Replicas.IsEmpty))
        {
            throw new OrderRefusedException("FAILOVER requires connected replicas.");
        }

        if (order.Force && (order.Timeout is null || order.Host.Length == 0))
        {
            throw new OrderRefusedException("FAILOVER with force option requires both a timeout and target HOST and IP to be set.");
        }

        var target = order.Host.Length > 0 ? Named(shards, named) : await MostAdvancedAsync(shards);
        var mine = shards.Where(shard => shard.RoleOf(target) == ReplicaRole.Replica).ToList();
        if (!(await Task.WhenAll(mine.Select(shard => ProgressAsync(shard.Shard, target)))).All(progress => progress is { State: SyncState.Live }))
        {
            throw new OrderRefusedException("FAILOVER target replica is not online.");
        }

        foreach (var shard in mine)
        {
            underWay[shard.Shard] = FailoverPhase.WaitingForSync;
        }

        foreach (var shard in mine)
        {
            _ = RunAsync(shard, new HandOverOrder(target, shard.Epoch, order.Timeout ?? DefaultBound, order.Force), ended);
        }
    }

    /// <summary>Ends FAILOVER, where it is not too late.</summary>
    /// <exception cref="OrderRefusedException">None is under way.</exception>
    public async Task AbortAsync()
    {
        if (underWay.Count == 0)
        {
            throw new OrderRefusedException("No failover in progress.");
        }

        await Task.WhenAll(underWay.Keys.ToList().Select(shard => Shard(shard, node).AbortHandOver()));
    }

    /// <summary>Hands one shard over, and waits for the end.</summary>
    /// <param name="shard">Its primary does it.</param>
    /// <param name="order">To whom, and how.</param>
    /// <param name="phase">Told of each phase.</param>
    /// <returns>Why it failed; empty: the target is primary.</returns>
    /// <exception cref="OrderRefusedException">The primary refuses.</exception>
    /// <remarks>Other exceptions, those of <see cref="IsNoAnswer"/>: the primary does not answer.</remarks>
    public async Task<string> HandOverAsync(ShardAssignment shard, HandOverOrder order, Action<FailoverPhase>? phase = null)
    {
        var primary = Shard(shard.Shard, shard.Primary);
        await primary.BeginHandOver(order).WaitAsync(AnswerBound, time);
        while (true)
        {
            var status = await primary.GetHandOver().WaitAsync(AnswerBound, time);
            if (status.Phase == FailoverPhase.NoFailover)
            {
                return status.Succeeded ? "" : status.Reason;
            }

            phase?.Invoke(status.Phase);
            await Task.Delay(Poll, time);
        }
    }

    /// <summary>Whether a shard's primary answers, and is primary.</summary>
    public async Task<bool> AnswersAsync(ShardAssignment shard)
    {
        try
        {
            return (await Shard(shard.Shard, shard.Primary).GetStatus().WaitAsync(AnswerBound, time)).Role == ReplicaRole.Primary;
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            return false;
        }
    }

    /// <summary>Whether a call failed because its node could not be reached, or did not answer in time.</summary>
    public static bool IsNoAnswer(Exception error) => error is ShardUnavailableException or OrleansException or TimeoutException or IOException or HttpRequestException;

    private async Task RunAsync(ShardAssignment shard, HandOverOrder order, Action<ShardAssignment, string, string> ended)
    {
        string failure;
        try
        {
            failure = await HandOverAsync(shard, order, phase => underWay[shard.Shard] = phase);
        }
        catch (Exception error)
        {
            // It runs behind an order that was answered: the log is where an operator finds it.
            failure = error.Message;
        }

        underWay.Remove(shard.Shard);
        ended(shard, order.Target, failure);
    }

    private static string Named(List<ShardAssignment> shards, NodeAddress? named) =>
        named is not null && shards.Exists(shard => shard.RoleOf(named.Name) == ReplicaRole.Replica)
            ? named.Name
            : throw new OrderRefusedException("FAILOVER target HOST and PORT is not a replica.");

    /// <summary>The node that could take most shards now; of several the one that has most.</summary>
    private async Task<string> MostAdvancedAsync(List<ShardAssignment> shards)
    {
        var candidates = shards.SelectMany(shard => shard.Replicas.Select(replica => (shard.Shard, Node: replica))).ToList();
        var states = await Task.WhenAll(candidates.Select(async candidate => (candidate.Node, Progress: await ProgressAsync(candidate.Shard, candidate.Node))));
        return states.GroupBy(state => state.Node, StringComparer.Ordinal)
            .Select(group => (Node: group.Key, Live: group.Count(state => state.Progress is { State: SyncState.Live }), Lag: group.Sum(state => Math.Max(0, state.Progress?.LagSequences ?? 0))))
            .Where(candidate => candidate.Live > 0)
            .OrderByDescending(candidate => candidate.Live).ThenBy(candidate => candidate.Lag).ThenBy(candidate => candidate.Node, StringComparer.Ordinal)
            .Select(candidate => candidate.Node)
            .FirstOrDefault() ?? throw new OrderRefusedException("FAILOVER requires connected replicas.");
    }

    private async Task<SyncProgress?> ProgressAsync(int shard, string replica)
    {
        try
        {
            return await grains.GetGrain<ISyncGrain>(new ReplicaKey(shard, replica).ToString()).GetProgress().WaitAsync(AnswerBound, time);
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            return null;
        }
    }

    private IShardGrain Shard(int shard, string at) => grains.GetGrain<IShardGrain>(new ReplicaKey(shard, at).ToString());
}
