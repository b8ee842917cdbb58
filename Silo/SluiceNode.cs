using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Sluice.Silo.Configuration;
using Sluice.Silo.Resp;
using Sluice.Silo.Telemetry;

namespace Sluice.Silo;

/// <summary>One node as a process: an Orleans silo with a Sluice node in it, the RESP gateway on Kestrel, and telemetry.</summary>
internal static class SluiceNode
{
    /// <summary>Runs the node until it is told to stop.</summary>
    /// <returns>The process's exit status.</returns>
    public static async Task<int> RunAsync(NodeSettings settings)
    {
        try
        {
            PortCheck.Run(settings);
            await using var host = Build(settings);
            var watch = host.Services.GetRequiredService<NodeWatch>();
            await host.RunAsync();
            return watch.Refusal is { } refusal ? NodeCommandLine.Refuse(refusal.Message) : 0;
        }
        catch (OrderRefusedException error)
        {
            return NodeCommandLine.Refuse(error.Message);
        }
    }

    /// <summary>Builds the host; it is not started yet.</summary>
    public static WebApplication Build(NodeSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (builder.Configuration["Orleans:Clustering:ProviderType"] is null)
        {
            builder.Configuration.AddInMemoryCollection(DevelopmentClustering(settings));
        }

        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.SetMinimumLevel(settings.LogLevel);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning);
        builder.UseOrleans(silo => Configure(silo, settings));
        builder.Services.AddSluiceGateway();
        if (TelemetryExport.Wanted)
        {
            builder.Services.AddHostedService(_ => new TelemetryExport(settings.Name));
        }

        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(settings.Listen, settings.Port, listen => listen.UseConnectionHandler<RespConnectionHandler>()));
        return builder.Build();
    }

    private static void Configure(ISiloBuilder silo, NodeSettings settings)
    {
        var self = new IPEndPoint(settings.Host, settings.SiloPort);
        silo.AddSluice(node =>
        {
            node.Name = settings.Name;
            node.DataDirectory = Path.GetFullPath(settings.Data);
            node.Host = settings.Host.ToString();
            node.ListenAddress = settings.Listen;
            node.RespPort = settings.Port;
            node.ReplicationPort = settings.ReplicationPort;
            node.ShardCount = settings.Shards;
            node.Secret = settings.Secret;
            node.Coordinator = settings.Seeds.Count > 0 ? settings.Seeds[0] : self;
        });
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = settings.ClusterId;
            cluster.ServiceId = "sluice";
        });
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = settings.Host;
            endpoints.SiloPort = settings.SiloPort;
            endpoints.GatewayPort = settings.GatewayPort;
            endpoints.SiloListeningEndpoint = new IPEndPoint(settings.Listen, settings.SiloPort);
            endpoints.GatewayListeningEndpoint = new IPEndPoint(settings.Listen, settings.GatewayPort);
        });
    }

    // Membership by a fixed seed list. With the genuine packages this is Orleans' development clustering, whose table the first seed holds, and the keys besides are not read;
    // whoever sets Orleans:Clustering:ProviderType (environment, appsettings.json) chooses a clustering provider for production.
    private static Dictionary<string, string?> DevelopmentClustering(NodeSettings settings)
    {
        IReadOnlyList<IPEndPoint> seeds = settings.Seeds.Count > 0 ? settings.Seeds : [new IPEndPoint(settings.Host, settings.SiloPort)];
        var values = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Orleans:Clustering:ProviderType"] = "Development",
            ["Orleans:Clustering:PrimarySiloEndPoint"] = seeds[0].ToString(),
        };
        for (var index = 0; index < seeds.Count; index++)
        {
            values[$"Orleans:Clustering:Seeds:{index}"] = seeds[index].ToString();
        }

        if (settings.Secret.Length > 0)
        {
            values["Orleans:Clustering:SharedSecret"] = settings.Secret;
        }

        return values;
    }
}
