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

namespace Orleans.Streams
{
    /// <summary>Short ways to name a stream.</summary>
    public static class StreamProviderExtensions
    {
        public static IAsyncStream<T> GetStream<T>(this IStreamProvider streamProvider, string ns, string id) => streamProvider.GetStream<T>(StreamId.Create(ns, id));
        public static IAsyncStream<T> GetStream<T>(this IStreamProvider streamProvider, string id) => streamProvider.GetStream<T>(StreamId.Create(null, id));
    }

    /// <summary>Compares places in a stream.</summary>
    public static class StreamSequenceTokenUtilities
    {
        public static bool Newer(this StreamSequenceToken me, StreamSequenceToken other) => me.CompareTo(other) > 0;
        public static bool Older(this StreamSequenceToken me, StreamSequenceToken other) => me.CompareTo(other) < 0;
    }
}
