using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Sluice.Bandwidth;
using Sluice.Client;
using Sluice.Resp;

namespace Sluice.Tests.Client;

/// <summary>Two nodes in memory: enough of the grains to see what the client asks of whom.</summary>
internal sealed class FakeCluster : IClusterGrains
{
    public const int ShardCount = 4;

    private readonly ConcurrentDictionary<ReplicaKey, FakeShard> shards = new();
    private readonly ConcurrentDictionary<string, FakeNode> nodes = new();

    public FakeCluster()
    {
        TopologyGrain.Current = new ClusterTopology
        {
            Version = 1,
            Nodes = [new NodeAddress("A", "127.0.0.1", 9221, 9321), new NodeAddress("B", "127.0.0.1", 9222, 9322)],
            Shards = [.. Enumerable.Range(0, ShardCount).Select(shard => new ShardAssignment(shard, 1, "A", []))],
        };
    }

    public FakeTopology TopologyGrain { get; } = new();

    public FakeBroker BrokerGrain { get; } = new();

    ITopologyGrain IClusterGrains.Topology => TopologyGrain;

    IBandwidthBrokerGrain IClusterGrains.Broker => BrokerGrain;

    public FakeShard ShardAt(int shard, string node) => shards.GetOrAdd(new ReplicaKey(shard, node), key => new FakeShard(key, this));

    public FakeNode NodeAt(string name) => nodes.GetOrAdd(name, key => new FakeNode(key, this));

    IShardGrain IClusterGrains.Shard(ReplicaKey key) => ShardAt(key.Shard, key.Node);

    INodeGrain IClusterGrains.Node(string name) => NodeAt(name);

    public void MovePrimary(string node) => TopologyGrain.Current = TopologyGrain.Current with
    {
        Version = TopologyGrain.Current.Version + 1,
        Shards = [.. TopologyGrain.Current.Shards.Select(shard => shard with { Primary = node, Epoch = shard.Epoch + 1 })],
    };
}

internal sealed class FakeTopology : ITopologyGrain
{
    public ClusterTopology Current { get; set; } = new();

    public int Asked { get; private set; }

    public Task<ClusterTopology> Get()
    {
        Asked++;
        return Task.FromResult(Current);
    }

    public Task<ClusterTopology> Join(NodeAddress node, int shardCount, Guid cluster) => throw new NotSupportedException();

    public Task<ClusterTopology> AddReplicas(string node, int[] shards)
    {
        Current = Current with { Version = Current.Version + 1, Shards = [.. Current.Shards.Select(shard => shards.Contains(shard.Shard) ? shard with { Replicas = shard.Replicas.Add(node) } : shard)] };
        return Task.FromResult(Current);
    }

    public Task<ClusterTopology> RemoveReplicas(string node, int[] shards) => throw new NotSupportedException();

    public Task<ClusterTopology> Follow(string node, string source) => throw new NotSupportedException();

    public Task<ClusterTopology> BeginReigns(string node, ImmutableArray<EndedReign> ended) => throw new NotSupportedException();

    public Task<ClusterTopology> Promote(int shard, string node, long expectedEpoch) => throw new NotSupportedException();
}

internal sealed class FakeBroker : IBandwidthBrokerGrain
{
    public BandwidthStatus Status { get; set; } = new();

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public Func<NodeBandwidthReport, Task<NodeGrants>> Answer { get; set; } = _ => throw new NotSupportedException();

    public Task<NodeGrants> Report(NodeBandwidthReport report) => Answer(report);

    public Task<SyncAdmission> Admit(SyncRequest request) => throw new NotSupportedException();

    public Task Finished(ReplicaKey replica) => throw new NotSupportedException();

    public Task<BandwidthStatus> GetStatus() => Task.FromResult(Status);

    public Exception? Failure { get; set; }

    public Task<BandwidthPolicy> GetPolicy() => Failure is null ? Task.FromResult(Status.Policy) : Task.FromException<BandwidthPolicy>(Failure);

    public Task<BandwidthPolicy> SetClass(QosClassTerms terms) => Change(policy => policy.WithClass(terms));

    public Task<BandwidthPolicy> SetClasses(ImmutableArray<QosClassTerms> terms) => Change(policy => terms.Aggregate(policy, PolicyEditing.WithClass));

    public Task<BandwidthPolicy> SetSyncClass(ReplicaKey replica, string qosClass) => Change(policy => policy.WithSyncClass(replica, qosClass));

    public Task<BandwidthPolicy> SetSyncLimit(ReplicaKey replica, long bytesPerSecond) => Change(policy => policy.WithSyncLimit(replica, bytesPerSecond));

    public Task<BandwidthPolicy> SetSync(ReplicaKey replica, string? qosClass, long? limitBytesPerSecond) => Change(policy => policy.WithSync(replica, qosClass, limitBytesPerSecond));

    public Task<BandwidthPolicy> Pause(ReplicaKey replica, DateTimeOffset? until) => Change(policy => policy.WithPause(replica, until, Now));

    public Task<BandwidthPolicy> Resume(ReplicaKey replica) => Change(policy => policy.WithResumed(replica));

    public Task<BandwidthPolicy> PauseAll(DateTimeOffset? until) => Change(policy => policy.WithPauseOfAll(until, Now));

    public Task<BandwidthPolicy> ResumeAll() => Change(policy => policy.WithAllResumed());

    private Task<BandwidthPolicy> Change(Func<BandwidthPolicy, BandwidthPolicy> change)
    {
        try
        {
            Status = Status with { Policy = change(Status.Policy) };
            return Task.FromResult(Status.Policy);
        }
        catch (OrderRefusedException refusal)
        {
            return Task.FromException<BandwidthPolicy>(refusal);
        }
    }
}

internal sealed class FakeNode(string name, FakeCluster cluster) : INodeGrain
{
    private readonly Dictionary<string, string> parameters = new(StringComparer.Ordinal)
    {
        ["throttle-bytes-per-second"] = "0", ["sync-egress-bytes-per-second"] = "0", ["max-concurrent-syncs"] = "2",
        ["sync-headroom-percent"] = "auto", ["target-queue-delay-ms"] = "10", ["sync-floor-bytes-per-second"] = "65536", ["rsync-timeout-ms"] = "1000",
    };

    public ImmutableArray<SyncProgress> Syncs { get; set; } = [];

    public Exception? Failure { get; set; }

    public List<ReplicaOfOrder> Orders { get; } = [];

    public Task ReplicaOf(ReplicaOfOrder order)
    {
        Orders.Add(order);
        return Task.CompletedTask;
    }

    public Task Failover(FailoverOrder order) => throw new OrderRefusedException("FAILOVER requires connected replicas.");

    public Task AbortFailover() => throw new OrderRefusedException("No failover in progress.");

    public Task Promote() => throw new OrderRefusedException("Replica 0@B is not live.");

    public Task DropReplicas(ImmutableArray<int> shards) => Task.CompletedTask;

    public Task TopologyChanged(ClusterTopology topology) => Task.CompletedTask;

    public Task<ClusterTopology> GetTopology() => Task.FromResult(cluster.TopologyGrain.Current);

    public Task HearTopology(ClusterTopology topology) => Task.CompletedTask;

    public Task<ClusterTopology> TakeCoordination() => throw new NotSupportedException();

    public Task<NodeReport> GetReport() => Failure is not null ? Task.FromException<NodeReport>(Failure) : Task.FromResult(new NodeReport
    {
        Address = cluster.TopologyGrain.Current.FindNode(name)!,
        Version = "1.0.0",
        ResidentBytes = 200 << 20,
        EngineMemoryBytes = 64 << 20,
        Shards = [.. cluster.TopologyGrain.Current.HeldBy(name).Select(shard => new ShardStatus { Key = new ReplicaKey(shard.Shard, name), Role = shard.RoleOf(name), Epoch = shard.Epoch, Sequence = 7 })],
        Syncs = Syncs,
    });

    public Task<ImmutableArray<ConfigParameter>> GetConfig(string pattern) =>
        Task.FromResult<ImmutableArray<ConfigParameter>>([.. parameters.Where(pair => pair.Key == pattern).Select(pair => new ConfigParameter(pair.Key, pair.Value))]);

    public Task SetConfig(ImmutableArray<ConfigParameter> changed)
    {
        foreach (var parameter in changed)
        {
            parameters[parameter.Name] = parameter.Value;
        }

        return Task.CompletedTask;
    }
}

/// <summary>GET, SET (with NX and PX), DEL and INCRBY over a dictionary.</summary>
internal sealed class FakeShard(ReplicaKey key, FakeCluster cluster) : IShardGrain
{
    private readonly Dictionary<string, byte[]> values = new(StringComparer.Ordinal);

    /// <summary>Thrown instead of an answer.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The batches that came, each with its commands as text.</summary>
    public List<string[]> Batches { get; } = [];

    public ValueTask<ReplyBatch> Execute(CommandBatch batch)
    {
        lock (values)
        {
            Batches.Add([.. batch.Commands.Select(command => string.Join(' ', command.Select(Encoding.UTF8.GetString)))]);
            if (Failure is not null)
            {
                return ValueTask.FromException<ReplyBatch>(Failure);
            }

            var output = new ArrayBufferWriter<byte>();
            var writer = new RespWriter(output, batch.Protocol);
            var ends = new List<int>();
            foreach (var command in batch.Commands)
            {
                Execute(command, writer);
                ends.Add(output.WrittenCount);
            }

            return ValueTask.FromResult(new ReplyBatch { Bytes = output.WrittenSpan.ToArray(), Ends = [.. ends] });
        }
    }

    public Task<ShardStatus> GetStatus() => throw new NotSupportedException();

    public Task<int> WaitForReplicas(long sequence, int replicas, TimeSpan timeout) => throw new NotSupportedException();

    public Task<LogPosition> ReachPosition(LogPosition position, TimeSpan timeout) => throw new NotSupportedException();

    public Task BeginHandOver(HandOverOrder order) => throw new NotSupportedException();

    public Task<HandOverStatus> GetHandOver() => throw new NotSupportedException();

    public Task AbortHandOver() => throw new NotSupportedException();

    public Task<bool> Assign(ShardAssignment assignment) => throw new NotSupportedException();

    public Task<LogOffer> OfferLog(LogRequest request) => throw new NotSupportedException();

    public Task<SnapshotOffer?> OpenSnapshot(SnapshotRequest request) => throw new NotSupportedException();

    public Task<bool> ChooseFiles(Guid lease, ImmutableArray<int> transfer) => throw new NotSupportedException();

    public Task<bool> RenewSnapshot(Guid lease) => throw new NotSupportedException();

    public Task ReleaseSnapshot(Guid lease) => throw new NotSupportedException();

    public Task Install(SnapshotInstallation installation) => throw new NotSupportedException();

    public Task<long> Apply(LogBatch batch) => throw new NotSupportedException();

    public Task<ShardDigest> ComputeDigest() => Task.FromResult(new ShardDigest(7, values.Count, values.Sum(pair => pair.Value.Length), $"{values.Count:x64}"));

    private void Execute(byte[][] command, RespWriter writer)
    {
        var name = Encoding.ASCII.GetString(command[0]);
        var text = Encoding.UTF8.GetString(command[1]);
        if (name != "GET" && cluster.TopologyGrain.Current.Shards[key.Shard].Primary != key.Node)
        {
            writer.Error("READONLY You can't write against a read only replica.");
            return;
        }

        switch (name)
        {
            case "GET" when values.TryGetValue(text, out var value):
                writer.BulkString(value);
                break;
            case "GET":
                writer.Null();
                break;
            case "SET" when command.Length > 3 && Encoding.ASCII.GetString(command[^1]) == "NX" && values.ContainsKey(text):
                writer.Null();
                break;
            case "SET":
                values[text] = command[2];
                writer.Ok();
                break;
            case "DEL":
                writer.Integer(values.Remove(text) ? 1 : 0);
                break;
            case "INCRBY":
                writer.Error("ERR value is not an integer or out of range");
                break;
            default:
                writer.Error($"ERR unknown command '{name}'");
                break;
        }
    }
}
