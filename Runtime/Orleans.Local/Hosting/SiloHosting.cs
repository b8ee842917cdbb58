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
        public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate) =>
            hostBuilder.UseOrleans((_, builder) => configureDelegate(builder));

        public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<HostBuilderContext, ISiloBuilder> configureDelegate) =>
            hostBuilder.ConfigureServices((context, services) => configureDelegate(context, SiloServices.Add(services, context.Configuration)));

        public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            configureDelegate(SiloServices.Add(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }

        public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
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
                services.AddSingleton<SiloLifecycle>();
                services.AddSingleton<ISiloLifecycle>(s => s.GetRequiredService<SiloLifecycle>());
                services.AddSingleton(s => new RandomPlacementDirector(new Random((int)s.GetRequiredService<LocalSilo>().SiloAddress.UniformHashCode)));
                services.AddPlacementDirector<RandomPlacement>(s => s.GetRequiredService<RandomPlacementDirector>());
                services.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
                services.AddPlacementDirector<HashBasedPlacement, HashBasedPlacementDirector>();
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
    internal sealed class SiloService(Silo silo, LocalSilo local, SiloLifecycle lifecycle, Membership membership, GrainDirectory directory, SiloTransport transport, IEnumerable<ILifecycleParticipant<ISiloLifecycle>> participants, ILogger<Silo> log) : Microsoft.Extensions.Hosting.IHostedService
    {
        // Orleans' own stages: sockets listen before the runtime's services, grains deactivate before the silo leaves.
        private const int Listening = ServiceLifecycleStage.RuntimeInitialize - 1;
        private const int GrainDeactivation = ServiceLifecycleStage.BecomeActive - 1;

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            GrainTypeValidation.Check(silo.Types);
            foreach (var participant in participants)
            {
                participant.Participate(lifecycle);
            }

            directory.Start();
            lifecycle.Subscribe<SiloService>(Listening, token => transport.StartAsync(silo, token), LeaveAsync);
            lifecycle.Subscribe<SiloService>(ServiceLifecycleStage.RuntimeServices, _ => membership.JoinAsync());
            lifecycle.Subscribe<SiloService>(GrainDeactivation, _ => Task.CompletedTask, silo.DeactivateAllAsync);
            lifecycle.Subscribe<SiloService>(ServiceLifecycleStage.BecomeActive, BecomeActiveAsync, _ => membership.AnnounceAsync(SiloStatus.ShuttingDown));
            try
            {
                await lifecycle.StartAsync(cancellationToken);
            }
            catch
            {
                // A host that fails to start does not stop what did start.
                await lifecycle.StopAsync(CancellationToken.None);
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

            await lifecycle.StopAsync(cancellationToken);
            log.SiloStopped(local.Name);
        }

        // Dead only after the last request was answered: nobody waits for a dead silo's answers.
        private async Task LeaveAsync(CancellationToken cancellationToken)
        {
            await transport.StopAsync(cancellationToken);
            await membership.AnnounceAsync(SiloStatus.Dead);
        }

        private Task BecomeActiveAsync(CancellationToken cancellationToken)
        {
            silo.StartCollecting();
            return membership.AnnounceAsync(SiloStatus.Active);
        }
    }
}
