using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>This silo's identity: fixed when its host is built.</summary>
internal sealed class LocalSilo : ILocalSiloDetails
{
    public LocalSilo(IOptions<SiloOptions> silo, IOptions<EndpointOptions> endpoints, TimeProvider time)
    {
        var options = endpoints.Value;
        SiloAddress = SiloAddress.New(options.AdvertisedIPAddress, options.SiloPort, SiloAddress.AllocateNewGeneration(time));
        GatewayAddress = SiloAddress.New(options.AdvertisedIPAddress, options.GatewayPort, 0);
        Name = silo.Value.SiloName is { Length: > 0 } name ? name : $"Silo_{SiloAddress.UniformHashCode & 0xfffff:x5}";
    }

    public string Name { get; }

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress { get; }
}
