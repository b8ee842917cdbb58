namespace Sluice;

/// <summary>What nodes, programs and the command line use unless told otherwise; one place, so that they find each other.</summary>
public static class ClusterDefaults
{
    /// <summary>The Orleans cluster id.</summary>
    public const string ClusterId = "sluice";

    /// <summary>The Orleans service id.</summary>
    public const string ServiceId = "sluice";

    /// <summary>The RESP port; Pika's.</summary>
    public const int RespPort = 9221;

    /// <summary>The replication port.</summary>
    public const int ReplicationPort = 9321;

    /// <summary>The port at which silos reach each other; Orleans' own default.</summary>
    public const int SiloPort = 11111;

    /// <summary>The port at which Orleans clients reach a silo; Orleans' own default.</summary>
    public const int GatewayPort = 30000;

    /// <summary>The number of shards of a new cluster.</summary>
    public const int Shards = 16;

    /// <summary>The configuration key of the secret that the members of a development cluster share.</summary>
    public const string SharedSecretKey = "Orleans:Clustering:SharedSecret";
}
