using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;

namespace Microsoft.Extensions.Hosting
{
    /// <summary>Makes a host a silo.</summary>
    public static class OrleansSiloGenericHostExtensions
    {
        public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            configureDelegate(SiloServices.Add(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }
    }
}

namespace Orleans
{
    /// <summary>The services of a silo.</summary>
    internal static class SiloServices
    {
        public static ISiloBuilder Add(IServiceCollection services, Microsoft.Extensions.Configuration.IConfiguration configuration)
        {
            if (services.All(s => s.ServiceType != typeof(Silo)))
            {
                AddShared(services);
                services.AddSingleton<LocalSilo>();
                services.AddSingleton<ILocalSiloDetails>(s => s.GetRequiredService<LocalSilo>());
                services.AddSingleton<Membership>();
                services.AddSingleton<ISiloStatusOracle>(s => s.GetRequiredService<Membership>());
                services.AddSingleton<PlacementService>();
                services.AddSingleton<GrainDirectory>();
                services.AddSingleton<SiloTransport>();
                services.AddSingleton<SiloReferences>();
                services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<SiloReferences>());
                services.AddSingleton<IClusterClient>(s => s.GetRequiredService<SiloReferences>());
                services.AddSingleton<Silo>();
                services.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
                services.AddHostedService<SiloService>();
            }

            return new SiloBuilder(services, configuration);
        }

        public static void AddShared(IServiceCollection services)
        {
            services.AddLogging();
            services.AddOptions();
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton(GrainTypes.OfProcess());
            services.AddSingleton<SharedSecret>();
            services.AddSingleton<HttpMessenger>();
            services.AddSingleton<MessageCodec>();
        }
    }

    /// <summary>Starts and stops the silo with its host.</summary>
    internal sealed class SiloService(Silo silo, LocalSilo local, Membership membership, GrainDirectory directory, SiloTransport transport, ILogger<Silo> log) : Microsoft.Extensions.Hosting.IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            GrainTypeValidation.Check(silo.Types);
            directory.Start();
            try
            {
                await transport.StartAsync(silo, cancellationToken);
                await membership.JoinAsync();
                silo.StartCollecting();
                await membership.AnnounceAsync(SiloStatus.Active);
            }
            catch
            {
                // A host that fails to start does not stop what did start. The others are not told: who failed because its port is taken would speak for whom has it.
                membership.FallSilent();
                await StopAsync(CancellationToken.None);
                throw;
            }

            log.SiloStarted(local.Name, local.SiloAddress, local.GatewayAddress.Endpoint.Port, silo.Types.Classes.Count());
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                // Killed: no grain is deactivated and nobody is told.
                membership.FallSilent();
                silo.Kill();
            }

            // Grains deactivate while the silo still answers; dead only after the last request was answered: nobody waits for a dead silo's answers.
            await membership.AnnounceAsync(SiloStatus.ShuttingDown);
            await silo.DeactivateAllAsync(cancellationToken);
            await transport.StopAsync(cancellationToken);
            await membership.AnnounceAsync(SiloStatus.Dead);
            log.SiloStopped(local.Name);
        }
    }
}
