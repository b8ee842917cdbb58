namespace Sluice.Client;

/// <summary>Refuses what the cluster does not have, before it is asked for it.</summary>
internal static class TopologyChecks
{
    /// <exception cref="SluiceException">There is no such shard.</exception>
    public static void CheckShard(this ClusterTopology topology, int shard)
    {
        if (shard < 0 || shard >= topology.Shards.Length)
        {
            throw new SluiceException($"There is no shard {shard}: the cluster has shards 0 to {topology.Shards.Length - 1}.");
        }
    }
}
