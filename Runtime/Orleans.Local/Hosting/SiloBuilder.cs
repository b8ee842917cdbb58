using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Storage;

namespace Orleans.Hosting
{
    /// <summary>Configures a silo.</summary>
    public interface ISiloBuilder
    {
        /// <summary>The host's services.</summary>
        IServiceCollection Services { get; }

        /// <summary>The host's configuration.</summary>
        IConfiguration Configuration { get; }
    }

    internal sealed class SiloBuilder(IServiceCollection services, IConfiguration configuration) : ISiloBuilder
    {
        public IServiceCollection Services { get; } = services;

        public IConfiguration Configuration { get; } = configuration;
    }

    /// <summary>Services, options and logging of a silo.</summary>
    public static class SiloBuilderExtensions
    {
        /// <summary>Registers services.</summary>
        public static ISiloBuilder ConfigureServices(this ISiloBuilder builder, Action<IServiceCollection> configureDelegate)
        {
            configureDelegate(builder.Services);
            return builder;
        }

        /// <summary>Sets options.</summary>
        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }

        /// <summary>Binds options to a configuration section.</summary>
        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, IConfiguration configuration)
            where TOptions : class
        {
            builder.Services.Configure<TOptions>(configuration);
            return builder;
        }

        /// <summary>Configures logging.</summary>
        public static ISiloBuilder ConfigureLogging(this ISiloBuilder builder, Action<ILoggingBuilder> configureLogging)
        {
            builder.Services.AddLogging(configureLogging);
            return builder;
        }
    }

    /// <summary>Where a silo listens.</summary>
    public static class EndpointOptionsExtensions
    {
        /// <summary>By address and ports; a gateway port of 0 means no gateway.</summary>
        public static ISiloBuilder ConfigureEndpoints(this ISiloBuilder builder, IPAddress advertisedIP, int siloPort, int gatewayPort, bool listenOnAnyHostAddress = false) =>
            builder.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = advertisedIP;
                options.SiloPort = siloPort;
                options.GatewayPort = gatewayPort;
                if (listenOnAnyHostAddress)
                {
                    var any = advertisedIP.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
                    options.SiloListeningEndpoint = new IPEndPoint(any, siloPort);
                    options.GatewayListeningEndpoint = gatewayPort == 0 ? null : new IPEndPoint(any, gatewayPort);
                }
            });

        /// <summary>By host name, looked up now.</summary>
        /// <exception cref="OrleansConfigurationException">The name has no address of that family.</exception>
        public static ISiloBuilder ConfigureEndpoints(this ISiloBuilder builder, string? hostname, int siloPort, int gatewayPort, AddressFamily addressFamily = AddressFamily.InterNetwork, bool listenOnAnyHostAddress = false)
        {
            var address = Dns.GetHostAddresses(hostname ?? Dns.GetHostName(), addressFamily).FirstOrDefault()
                ?? throw new OrleansConfigurationException($"Host name '{hostname}' has no {addressFamily} address.");
            return builder.ConfigureEndpoints(address, siloPort, gatewayPort, listenOnAnyHostAddress);
        }

        /// <summary>By ports, at this machine's host name.</summary>
        public static ISiloBuilder ConfigureEndpoints(this ISiloBuilder builder, int siloPort, int gatewayPort, AddressFamily addressFamily = AddressFamily.InterNetwork, bool listenOnAnyHostAddress = false) =>
            builder.ConfigureEndpoints(null, siloPort, gatewayPort, addressFamily, listenOnAnyHostAddress);
    }

    /// <summary>How a silo finds its cluster, and whether calls are traced.</summary>
    public static class CoreHostingExtensions
    {
        /// <summary>Lets the span of a caller be the parent of the span of the call.</summary>
        public static ISiloBuilder AddActivityPropagation(this ISiloBuilder builder) => builder.Configure<TracingOptions>(o => o.Enabled = true);

        /// <summary>One silo, or several on this machine, on loopback.</summary>
        public static ISiloBuilder UseLocalhostClustering(this ISiloBuilder builder, int siloPort = EndpointOptions.DEFAULT_SILO_PORT, int gatewayPort = EndpointOptions.DEFAULT_GATEWAY_PORT, IPEndPoint? primarySiloEndpoint = null, string serviceId = "dev", string clusterId = "dev") =>
            builder.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort)
                .UseDevelopmentClustering(primarySiloEndpoint ?? new IPEndPoint(IPAddress.Loopback, siloPort))
                .Configure<ClusterOptions>(options =>
                {
                    options.ServiceId = serviceId;
                    options.ClusterId = clusterId;
                });

        /// <summary>A development cluster whose silos join at the primary, besides those of <c>Orleans:Clustering:Seeds</c>.</summary>
        public static ISiloBuilder UseDevelopmentClustering(this ISiloBuilder builder, IPEndPoint? primarySiloEndpoint) =>
            builder.UseDevelopmentClustering((DevelopmentClusterMembershipOptions options) => options.PrimarySiloEndpoint = primarySiloEndpoint);

        /// <summary>A development cluster whose silos join at the primary, besides those of <c>Orleans:Clustering:Seeds</c>.</summary>
        public static ISiloBuilder UseDevelopmentClustering(this ISiloBuilder builder, Action<DevelopmentClusterMembershipOptions> configureOptions) =>
            builder.Configure(configureOptions);

        /// <summary>A development cluster whose silos join at the primary, besides those of <c>Orleans:Clustering:Seeds</c>.</summary>
        public static ISiloBuilder UseDevelopmentClustering(this ISiloBuilder builder, Action<OptionsBuilder<DevelopmentClusterMembershipOptions>> configureOptions)
        {
            configureOptions(builder.Services.AddOptions<DevelopmentClusterMembershipOptions>());
            return builder;
        }
    }

    /// <summary>Registers placement directors.</summary>
    public static class PlacementStrategyExtensions
    {
        /// <summary>Grains of <typeparamref name="TStrategy"/> are placed by <typeparamref name="TDirector"/>.</summary>
        public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, IPlacementDirector
        {
            builder.Services.AddPlacementDirector<TStrategy, TDirector>();
            return builder;
        }

        /// <summary>Grains of <typeparamref name="TStrategy"/> are placed by what the call makes.</summary>
        public static ISiloBuilder AddPlacementDirector<TStrategy>(this ISiloBuilder builder, Func<IServiceProvider, IPlacementDirector> createDirector)
            where TStrategy : PlacementStrategy, new()
        {
            builder.Services.AddPlacementDirector<TStrategy>(createDirector);
            return builder;
        }

        /// <summary>Grains of <typeparamref name="TStrategy"/> are placed by <typeparamref name="TDirector"/>.</summary>
        public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, IPlacementDirector =>
            services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));

        /// <summary>Grains of <typeparamref name="TStrategy"/> are placed by what the call makes.</summary>
        public static void AddPlacementDirector<TStrategy>(this IServiceCollection services, Func<IServiceProvider, IPlacementDirector> createDirector)
            where TStrategy : PlacementStrategy, new() =>
            services.AddKeyedSingleton(typeof(TStrategy), (provider, _) => createDirector(provider));
    }

    /// <summary>Registers what runs when the silo has become active.</summary>
    public static class SiloBuilderStartupExtensions
    {
        /// <summary>Runs a task made from the silo's services.</summary>
        public static ISiloBuilder AddStartupTask<TStartup>(this ISiloBuilder builder, int stage = ServiceLifecycleStage.Active)
            where TStartup : class, IStartupTask =>
            builder.AddStartupTask((services, token) => ActivatorUtilities.GetServiceOrCreateInstance<TStartup>(services).Execute(token), stage);

        /// <summary>Runs a task.</summary>
        public static ISiloBuilder AddStartupTask(this ISiloBuilder builder, IStartupTask startupTask, int stage = ServiceLifecycleStage.Active) =>
            builder.AddStartupTask((_, token) => startupTask.Execute(token), stage);

        /// <summary>Runs a call.</summary>
        public static ISiloBuilder AddStartupTask(this ISiloBuilder builder, Func<IServiceProvider, CancellationToken, Task> startupTask, int stage = ServiceLifecycleStage.Active)
        {
            builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => new StartupTask(services, startupTask, stage));
            return builder;
        }

        private sealed class StartupTask(IServiceProvider services, Func<IServiceProvider, CancellationToken, Task> task, int stage) : ILifecycleParticipant<ISiloLifecycle>
        {
            public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe<StartupTask>(stage, token => task(services, token));
        }
    }

    /// <summary>Registers memory stores of grain state.</summary>
    public static class MemoryGrainStorageSiloBuilderExtensions
    {
        /// <summary>A store under a name.</summary>
        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<MemoryGrainStorageOptions> configureOptions)
        {
            builder.Services.Configure(name, configureOptions);
            return builder.AddMemoryGrainStorage(name);
        }

        /// <summary>A store under a name.</summary>
        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null)
        {
            configureOptions?.Invoke(builder.Services.AddOptions<MemoryGrainStorageOptions>(name));
            Orleans.Runtime.Hosting.StorageProviderExtensions.AddGrainStorage(builder.Services, name, (services, key) => ActivatorUtilities.CreateInstance<MemoryGrainStorage>(services, key));
            return builder;
        }

        /// <summary>The store of states that name none.</summary>
        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null) =>
            builder.AddMemoryGrainStorage(Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

        /// <summary>The store of states that name none.</summary>
        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder, Action<MemoryGrainStorageOptions> configureOptions) =>
            builder.AddMemoryGrainStorage(Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);
    }
}

namespace Orleans.Providers
{
    /// <summary>Names of providers.</summary>
    public static class ProviderConstants
    {
        /// <summary>The name of the store of states that name none.</summary>
        public const string DEFAULT_STORAGE_PROVIDER_NAME = "Default";
    }
}

namespace Orleans.Runtime.Hosting
{
    /// <summary>Registers stores of grain state.</summary>
    public static class StorageProviderExtensions
    {
        /// <summary>A store under a name; it takes part in the silo's lifecycle if it is made to.</summary>
        public static IServiceCollection AddGrainStorage<T>(this IServiceCollection collection, string name, Func<IServiceProvider, string, T> implementationFactory)
            where T : IGrainStorage
        {
            collection.AddKeyedSingleton<IGrainStorage>(name, (services, key) => implementationFactory(services, (string)key!));
            if (name == Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            {
                collection.AddSingleton(services => services.GetRequiredKeyedService<IGrainStorage>(name));
            }

            if (typeof(ILifecycleParticipant<ISiloLifecycle>).IsAssignableFrom(typeof(T)))
            {
                collection.AddSingleton(services => (ILifecycleParticipant<ISiloLifecycle>)services.GetRequiredKeyedService<IGrainStorage>(name));
            }

            return collection;
        }
    }
}

namespace Orleans.Configuration
{
    /// <summary>Whether calls are traced; set by AddActivityPropagation.</summary>
    internal sealed class TracingOptions
    {
        public bool Enabled { get; set; }
    }
}
