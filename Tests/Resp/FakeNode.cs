using System.Collections.Immutable;
using Sluice.Silo.Resp;
using Sluice.Tests.Client;

namespace Sluice.Tests.Resp;

/// <summary>A node that remembers what was ordered, and a topology that tests set.</summary>
internal sealed class FakeNode : INodeControl, ITopologyView
{
    public event Action? Changed;

    public string Name { get; init; } = "b";

    public NodeReport Report { get; set; } = new() { Address = new NodeAddress("b", "127.0.0.1", 9222, 9322) };

    public ClusterTopology Current { get; private set; } = new();

    public List<string> Orders { get; } = [];

    public OrderRefusedException? Refusal { get; set; }

    public Func<ClusterTopology>? Newer { get; set; }

    public Task<NodeReport> GetReportAsync() => Task.FromResult(Report);

    public BandwidthStatus? Bandwidth { get; set; } = new();

    public Task<BandwidthStatus?> GetBandwidthAsync() => Task.FromResult(Bandwidth);

    public FakeBroker BrokerGrain { get; } = new();

    IBandwidthBrokerGrain INodeControl.Broker => BrokerGrain;

    public Task ReplicaOfAsync(ReplicaOfOrder order) => Ordered($"replicaof {order.Host} {order.Port} {order.Force}{(order.From is { } from ? $" {from.Host} {from.Port}" : "")}");

    public Task PromoteAsync() => Ordered("promote");

    public Task FailoverAsync(FailoverOrder order) => Ordered($"failover {order.Host} {order.Port} {order.Force} {order.Timeout?.TotalMilliseconds}");

    public Task AbortFailoverAsync() => Ordered("failover abort");

    public Task TakeCoordinationAsync() => Ordered("take coordination");

    public void Shutdown() => Orders.Add("shutdown");

    public ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        if (Newer is { } newer)
        {
            Show(newer());
        }

        return ValueTask.CompletedTask;
    }

    public void Show(ClusterTopology topology)
    {
        Current = topology;
        Changed?.Invoke();
    }

    /// <summary>Nodes a and b; a is primary of all shards, b holds replicas if wanted.</summary>
    public static ClusterTopology Topology(int shards, string primary, params string[] replicas) => new()
    {
        ClusterId = Guid.Parse("11111111-2222-3333-4444-555555555555"),
        Version = 1,
        Nodes = [new NodeAddress("a", "127.0.0.1", 9221, 9321), new NodeAddress("b", "127.0.0.1", 9222, 9322)],
        Shards = [.. Enumerable.Range(0, shards).Select(shard => new ShardAssignment(shard, 1, primary, [.. replicas]))],
    };

    private Task Ordered(string order)
    {
        Orders.Add(order);
        return Refusal is null ? Task.CompletedTask : Task.FromException(Refusal);
    }
}
