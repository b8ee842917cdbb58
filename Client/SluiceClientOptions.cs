using System.Net;

namespace Sluice.Client;

/// <summary>How a program reaches a Sluice cluster.</summary>
public sealed class SluiceClientOptions
{
    /// <summary>The largest value that <see cref="ISluiceStrings"/> carries, in bytes (32 MiB): a grain call holds it whole in memory on both sides.</summary>
    public const int MaxValueBytes = 32 * 1024 * 1024;

    /// <summary>The gateway endpoints of some nodes; one that answers is enough. Never empty.</summary>
    public IList<IPEndPoint> Gateways { get; } = [];

    /// <summary>The Orleans cluster id; the same on all nodes and clients.</summary>
    public string ClusterId { get; set; } = ClusterDefaults.ClusterId;

    /// <summary>The Orleans service id; the same on all nodes and clients.</summary>
    public string ServiceId { get; set; } = ClusterDefaults.ServiceId;

    /// <summary>The secret that the members of the cluster share; null leaves what the host's configuration says under <c>Orleans:Clustering:SharedSecret</c>.</summary>
    public string? SharedSecret { get; set; }

    /// <summary>The interval at which a watch asks the nodes. 50 ms to 1 h.</summary>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a command is tried again on a primary that the topology has since replaced. 0 to 20.</summary>
    public int Retries { get; set; } = 6;

    /// <summary>Adds a gateway written as <c>host:port</c>, <c>[address]:port</c> or <c>host</c> alone; a name is looked up.</summary>
    /// <exception cref="FormatException">The text names no endpoint.</exception>
    public SluiceClientOptions AddGateway(string text)
    {
        Gateways.Add(GatewayAddress.Parse(text));
        return this;
    }

    internal void Validate()
    {
        if (Gateways.Count == 0)
        {
            throw new SluiceException("No gateway is given: add at least one node's gateway, for example 127.0.0.1:30000.");
        }

        if (WatchInterval < TimeSpan.FromMilliseconds(50) || WatchInterval > TimeSpan.FromHours(1))
        {
            throw new SluiceException($"The watch interval {WatchInterval} is out of range: it must be 50 ms to 1 h.");
        }

        if (Retries is < 0 or > 20)
        {
            throw new SluiceException($"{Retries} retries are out of range: 0 to 20 are possible.");
        }
    }
}
