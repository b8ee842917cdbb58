using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Streams;

namespace Orleans
{
    /// <summary>Finds stream providers from within grains.</summary>
    public static class GrainStreamingExtensions
    {
        public static IStreamProvider GetStreamProvider(this Grain grain, string name) => StreamProviders.Find(grain.ServiceProvider, name);
        public static IStreamProvider GetStreamProvider(this IGrainBase grain, string name) => StreamProviders.Find(grain.GrainContext.ActivationServices, name);
    }

    /// <summary>Finds stream providers from clients.</summary>
    public static class ClientStreamingExtensions
    {
        public static IStreamProvider GetStreamProvider(this IClusterClient client, string name) => StreamProviders.Find(client.ServiceProvider, name);
    }

    internal static class StreamProviders
    {
        public static IStreamProvider Find(IServiceProvider services, string name) => services.GetKeyedService<IStreamProvider>(name)
            ?? throw new KeyNotFoundException($"Stream provider '{name}' not found: register it with services.AddKeyedSingleton<IStreamProvider>(\"{name}\", ...).");
    }
}
