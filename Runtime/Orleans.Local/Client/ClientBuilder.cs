using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Microsoft.Extensions.Hosting
{
    /// <summary>Makes a host a client of a cluster.</summary>
    public static class OrleansClientGenericHostExtensions
    {
        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<IClientBuilder> configureDelegate) =>
            hostBuilder.UseOrleansClient((_, builder) => configureDelegate(builder));

        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<HostBuilderContext, IClientBuilder> configureDelegate) =>
            hostBuilder.ConfigureServices((context, services) => configureDelegate(context, Orleans.ClientServices.Add(services, context.Configuration)));

        public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            configureDelegate(Orleans.ClientServices.Add(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }
    }
}

namespace Orleans.Hosting
{
    /// <summary>Configures a client.</summary>
    public interface IClientBuilder
    {
        IServiceCollection Services { get; }
        IConfiguration Configuration { get; }
    }

    internal sealed class ClientBuilder(IServiceCollection services, IConfiguration configuration) : IClientBuilder
    {
        public IServiceCollection Services { get; } = services;
        public IConfiguration Configuration { get; } = configuration;
    }

    /// <summary>Services, options and gateways of a client.</summary>
    public static class ClientBuilderExtensions
    {
        public static IClientBuilder ConfigureServices(this IClientBuilder builder, Action<IServiceCollection> configureDelegate)
        {
            configureDelegate(builder.Services);
            return builder;
        }

        public static IClientBuilder Configure<TOptions>(this IClientBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }

        public static IClientBuilder AddActivityPropagation(this IClientBuilder builder) => builder.Configure<TracingOptions>(o => o.Enabled = true);

        public static IClientBuilder UseStaticClustering(this IClientBuilder builder, params IPEndPoint[] endpoints) =>
            builder.UseStaticClustering((StaticGatewayListProviderOptions options) => options.Gateways = [.. endpoints.Select(e => new Uri($"gwy.tcp://{e}/0"))]);

        public static IClientBuilder UseStaticClustering(this IClientBuilder builder, Action<StaticGatewayListProviderOptions> configureOptions) =>
            builder.Configure(configureOptions);

    }
}

namespace Orleans
{
    /// <summary>The services of a client.</summary>
    internal static class ClientServices
    {
        public static IClientBuilder Add(IServiceCollection services, IConfiguration configuration)
        {
            if (services.Any(s => s.ServiceType == typeof(Silo)))
            {
                throw new Runtime.OrleansConfigurationException("This host is a silo already: a silo has an IClusterClient of its own, so leave UseOrleansClient out.");
            }

            if (services.All(s => s.ServiceType != typeof(ClusterClient)))
            {
                SiloServices.AddShared(services);
                services.AddSingleton<ClusterClient>();
                services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<ClusterClient>());
                services.AddSingleton<IClusterClient>(s => s.GetRequiredService<ClusterClient>());
                services.AddHostedService(s => s.GetRequiredService<ClusterClient>());
            }

            return new ClientBuilder(services, configuration);
        }
    }
}
