using System.Net;
using Sluice.Replication;

namespace Sluice.Topology;

/// <summary>Finds other nodes' replication ports in the topology.</summary>
internal sealed class TopologyPeers(ITopologyView topology) : IReplicationPeers
{
    /// <inheritdoc/>
    public async ValueTask<IPEndPoint> FindAsync(string node, CancellationToken cancellationToken)
    {
        if (topology.Current.FindNode(node) is null)
        {
            await topology.RefreshAsync(cancellationToken);
        }

        var address = topology.Current.FindNode(node) ?? throw new ShardUnavailableException($"Node '{node}' has not joined the cluster.");
        var found = IPAddress.TryParse(address.Host, out var ip) ? ip : (await Dns.GetHostAddressesAsync(address.Host, cancellationToken))[0];
        return new IPEndPoint(found, address.ReplicationPort);
    }
}
