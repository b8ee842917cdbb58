using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Sluice.Client;

/// <summary>Adds the Sluice client to a .NET host. The connection is made when the host starts.</summary>
public static class SluiceClientHosting
{
    /// <summary>Adds <see cref="ISluiceClient"/>, over an Orleans client, to a host application builder.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets the options; at least one gateway.</param>
    /// <exception cref="SluiceException">An option is out of its range.</exception>
    public static IHostApplicationBuilder AddSluiceClient(this IHostApplicationBuilder builder, Action<SluiceClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = Build(configure);
        builder.Configuration.AddInMemoryCollection(ClusteringConfiguration(options));
        AddServices(builder.Services, options);
        return builder.UseOrleansClient(client => Configure(client, options));
    }

    /// <summary>Adds <see cref="ISluiceClient"/>, over an Orleans client, to a generic host builder.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets the options; at least one gateway.</param>
    /// <exception cref="SluiceException">An option is out of its range.</exception>
    public static IHostBuilder AddSluiceClient(this IHostBuilder builder, Action<SluiceClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = Build(configure);
        return builder
            .ConfigureAppConfiguration((_, configuration) => configuration.AddInMemoryCollection(ClusteringConfiguration(options)))
            .ConfigureServices(services => AddServices(services, options))
            .UseOrleansClient(client => Configure(client, options));
    }

    private static SluiceClientOptions Build(Action<SluiceClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new SluiceClientOptions();
        configure(options);
        options.Validate();
        return options;
    }

    // Orleans takes a section "Orleans:Clustering" as the wish for a clustering provider and wants to know which: the one with a fixed list.
    private static Dictionary<string, string?> ClusteringConfiguration(SluiceClientOptions options) => options.SharedSecret is null
        ? []
        : new() { [ClusterDefaults.SharedSecretKey] = options.SharedSecret, ["Orleans:Clustering:ProviderType"] = "Static" };

    private static void AddServices(IServiceCollection services, SluiceClientOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options));
        services.AddSingleton<IClusterGrains, ClusterGrains>();
        services.AddSingleton<ISluiceClient, SluiceClient>();
    }

    private static void Configure(IClientBuilder client, SluiceClientOptions options)
    {
        client.UseStaticClustering([.. options.Gateways]);
        client.Services.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = options.ClusterId;
            cluster.ServiceId = options.ServiceId;
        });
    }
}
