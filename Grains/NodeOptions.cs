namespace Sluice;

/// <summary>What a node is told when it starts, and cannot be changed while it runs.</summary>
public sealed class NodeOptions
{
    /// <summary>The node's stable name: a replica belongs to a name, whatever address the node has. Also the silo's name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The data directory. One process at a time.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>The IP address at which clients and other nodes reach this one.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>The IP address on which the replication port listens; null: <see cref="Host"/>.</summary>
    public System.Net.IPAddress? ListenAddress { get; set; }

    /// <summary>The secret that the nodes of a cluster share; empty: none, for loopback only.</summary>
    public string Secret { get; set; } = "";

    /// <summary>The RESP port.</summary>
    public int RespPort { get; set; } = 9221;

    /// <summary>The replication port.</summary>
    public int ReplicationPort { get; set; } = 9321;

    /// <summary>How many shards the cluster has: 1 to 16,384. Fixed when the first node joins.</summary>
    public int ShardCount { get; set; } = 16;

    /// <summary>
    /// The silo endpoint of the node whose data directory holds the cluster's topology; null: this node's own. It must be the same on all nodes.
    /// </summary>
    public System.Net.IPEndPoint? Coordinator { get; set; }

    /// <summary>How others reach this node.</summary>
    public NodeAddress Address => new(Name, Host, RespPort, ReplicationPort);

    /// <summary>The directory of one shard's replica.</summary>
    public string ShardDirectory(int shard) =>
        Path.Combine(DataDirectory, "shards", shard.ToString("D5", System.Globalization.CultureInfo.InvariantCulture));
}
