using Microsoft.Extensions.Options;

namespace Sluice.Client;

internal sealed class SluiceClient : ISluiceClient
{
    public SluiceClient(IClusterGrains grains, IOptions<SluiceClientOptions> options, TimeProvider time)
    {
        var topology = new TopologyCache(grains);
        var nodes = new SluiceNodes(grains, topology);
        Nodes = nodes;
        Strings = new SluiceStrings(new ShardRouter(grains, topology, time, options.Value.Retries));
        Replicas = new SluiceReplicas(grains, topology, nodes);
        Syncs = new SluiceSyncs(grains, nodes, time, options.Value.WatchInterval);
        Bandwidth = new SluiceBandwidth(grains, nodes);
    }

    public ISluiceStrings Strings { get; }

    public ISluiceReplicas Replicas { get; }

    public ISluiceSyncs Syncs { get; }

    public ISluiceBandwidth Bandwidth { get; }

    public ISluiceNodes Nodes { get; }
}
