using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Configuration;
using Sluice.Silo.Resp.Info;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp;

/// <summary>Registers the RESP gateway.</summary>
public static class GatewayHosting
{
    /// <summary>
    /// Adds what <see cref="RespConnectionHandler"/> needs. The host provides <see cref="ITopologyView"/>, <see cref="LiveConfiguration"/>, <see cref="NodeOptions"/> and the grain factory; an
    /// <see cref="IShardRouter"/> or <see cref="INodeControl"/> that is registered before wins.
    /// </summary>
    public static IServiceCollection AddSluiceGateway(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IShardRouter, ShardRouter>();
        services.TryAddSingleton<INodeControl, GrainNodeControl>();
        services.TryAddSingleton<Bandwidth.BandwidthView>();
        services.TryAddSingleton<Bandwidth.KnownPolicy>();
        services.AddSingleton<NodeRoleView>();
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton<GatewayStatistics>();
        services.AddSingleton(provider => new LargePayloads(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<InfoReport>();
        services.AddSingleton<IInfoSection, ServerSection>();
        services.AddSingleton<IInfoSection, ClientsSection>();
        services.AddSingleton<IInfoSection, MemorySection>();
        services.AddSingleton<IInfoSection, PersistenceSection>();
        services.AddSingleton<IInfoSection, StatsSection>();
        services.AddSingleton<IInfoSection, ReplicationSection>();
        services.AddSingleton<IInfoSection, CpuSection>();
        services.AddSingleton<IInfoSection, BandwidthSection>();
        services.AddSingleton<IInfoSection, KeyspaceSection>();
        services.AddSingleton(provider => new GatewayCommands(
            provider.GetRequiredService<IShardRouter>(),
            provider.GetRequiredService<INodeControl>(),
            provider.GetRequiredService<ITopologyView>(),
            provider.GetRequiredService<NodeRoleView>(),
            provider.GetRequiredService<LiveConfiguration>(),
            provider.GetRequiredService<Bandwidth.KnownPolicy>(),
            provider.GetRequiredService<ClientRegistry>(),
            provider.GetRequiredService<GatewayStatistics>(),
            provider.GetRequiredService<InfoReport>(),
            provider.GetRequiredService<TimeProvider>(),
            new Random(Environment.ProcessId)));
        services.AddSingleton<CommandDispatcher>();
        services.AddSingleton(provider => new RespConnectionHandler(
            provider.GetRequiredService<CommandDispatcher>(),
            provider.GetRequiredService<IShardRouter>(),
            provider.GetRequiredService<LiveConfiguration>(),
            provider.GetRequiredService<ClientRegistry>(),
            provider.GetRequiredService<GatewayStatistics>(),
            provider.GetRequiredService<LargePayloads>(),
            provider.GetRequiredService<ILogger<RespConnectionHandler>>()));
        services.AddHostedService<GatewayUpkeep>();
        return services;
    }
}
