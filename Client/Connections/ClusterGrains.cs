namespace Sluice.Client;

/// <summary>The grains that the client talks to. An interface of its own, so that tests can put other grains behind it.</summary>
internal interface IClusterGrains
{
    ITopologyGrain Topology { get; }

    IBandwidthBrokerGrain Broker { get; }

    IShardGrain Shard(ReplicaKey key);

    INodeGrain Node(string name);
}

internal sealed class ClusterGrains(IClusterClient client) : IClusterGrains
{
    public ITopologyGrain Topology => client.GetGrain<ITopologyGrain>(0);

    public IBandwidthBrokerGrain Broker => client.GetGrain<IBandwidthBrokerGrain>(0);

    public IShardGrain Shard(ReplicaKey key) => client.GetGrain<IShardGrain>(key.ToString());

    public INodeGrain Node(string name) => client.GetGrain<INodeGrain>(name);
}
