using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Streams;
using Sluice.Bandwidth;

namespace Sluice.Replication;

/// <summary>Registers the data plane.</summary>
public static class ReplicationServices
{
    /// <summary>
    /// Adds the stream provider <see cref="ReplicationStreams.ProviderName"/>, as Orleans looks it up, and the replication listener as a hosted service. The host adds an
    /// <see cref="IReplicationPeers"/>.
    /// </summary>
    public static IServiceCollection AddReplicationStreams(this IServiceCollection services, Action<ReplicationOptions> configure) =>
        services.AddReplicationStreams((options, _) => configure(options));

    /// <inheritdoc cref="AddReplicationStreams(IServiceCollection, Action{ReplicationOptions})"/>
    /// <param name="services">The silo's services.</param>
    /// <param name="configure">Sets the options from other services.</param>
    public static IServiceCollection AddReplicationStreams(this IServiceCollection services, Action<ReplicationOptions, IServiceProvider> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FlowTable>();
        services.TryAddSingleton<ReplicationSources>();
        services.TryAddSingleton<FrameBufferPool>();
        services.TryAddSingleton(provider =>
        {
            var options = new ReplicationOptions();
            configure(options, provider);
            return options;
        });
        services.TryAddSingleton<ReplicationListener>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ReplicationListener>());
        services.TryAddSingleton<ReplicationStreamProvider>();
        services.AddKeyedSingleton<IStreamProvider>(ReplicationStreams.ProviderName, (provider, _) => provider.GetRequiredService<ReplicationStreamProvider>());
        return services;
    }
}
