using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>This silo's identity: fixed when its host is built.</summary>
internal sealed class LocalSilo : ILocalSiloDetails
{
    public LocalSilo(IOptions<SiloOptions> silo, IOptions<ClusterOptions> cluster, IOptions<EndpointOptions> endpoints, TimeProvider time)
    {
        var options = endpoints.Value;
        ClusterId = cluster.Value.ClusterId;
        SiloAddress = SiloAddress.New(options.AdvertisedIPAddress, options.SiloPort, SiloAddress.AllocateNewGeneration(time));
        GatewayAddress = SiloAddress.New(options.AdvertisedIPAddress, options.GatewayPort, 0);
        Name = silo.Value.SiloName is { Length: > 0 } name ? name : $"Silo_{SiloAddress.UniformHashCode & 0xfffff:x5}";
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress { get; }
}
