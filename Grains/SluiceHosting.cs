using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Replication;
using Sluice.Storage;
using Sluice.Sync;
using Sluice.Topology;

namespace Sluice;

/// <summary>Puts a Sluice node into an Orleans silo.</summary>
public static class SluiceHosting
{
    /// <summary>
    /// Adds a Sluice node's grains' services, its replication stream provider and data plane, and its bandwidth agent. Clustering, endpoints and telemetry stay the host's
    /// own business. The silo's name becomes the node's name.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="configure">Says who the node is; <see cref="NodeOptions.Name"/> and <see cref="NodeOptions.DataDirectory"/> are required.</param>
    public static ISiloBuilder AddSluice(this ISiloBuilder silo, Action<NodeOptions> configure)
    {
        var services = silo.Services;
        services.AddOptions<NodeOptions>().Configure(configure)
            .Validate(options => options.Name.Length > 0 && !options.Name.Contains('@', StringComparison.Ordinal), "NodeOptions.Name must be given, without '@'.")
            .Validate(options => options.DataDirectory.Length > 0, "NodeOptions.DataDirectory must be given.")
            .Validate(options => options.ShardCount is >= 1 and <= HashSlot.Count, $"NodeOptions.ShardCount must be between 1 and {HashSlot.Count}.");
        services.AddOptions<SiloOptions>().Configure<IOptions<NodeOptions>>((silo, node) => silo.SiloName = node.Value.Name);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<DataDirectoryLock>();
        services.AddSingleton(provider => LiveConfigurationOf(provider));
        services.AddSingleton(provider => new StorageEngineOptions { Partitions = Node(provider).ShardCount });
        services.AddSingleton<StorageEngine>();
        services.AddSingleton<ReplicationSources>();
        services.AddSingleton<FlowTable>();
        services.AddSingleton<GrantTable>();
        services.AddSingleton<WireUse>();
        services.AddSingleton<LinkMonitor>();
        services.AddSingleton<BandwidthView>();
        services.AddSingleton<AlertWebhook>();
        services.AddHostedService(provider => provider.GetRequiredService<AlertWebhook>());
        services.AddSingleton<AlertDesk>();
        services.AddSingleton<BandwidthMetrics>();
        services.AddSingleton<KnownPolicy>();
        services.AddSingleton<SyncTable>();
        services.AddSingleton<SnapshotDisk>();
        services.AddHostedService<AlertWatch>();
        services.AddSingleton<LocalTopology>();
        services.AddSingleton<ITopologyView>(provider => provider.GetRequiredService<LocalTopology>());
        services.AddSingleton<IReplicationPeers, TopologyPeers>();
        services.AddGrainStorage(FileGrainStorage.Name, (provider, _) => new FileGrainStorage(Path.Combine(Node(provider).DataDirectory, "grains")));
        silo.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        silo.AddPlacementDirector<CoordinatorPlacement, CoordinatorPlacementDirector>();
        silo.AddActivityPropagation();
        services.AddReplicationStreams(ConfigureReplication);
        services.AddHostedService<BandwidthAgent>();
        services.AddSingleton<NodeWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeWatch>());
        return silo;
    }

    private static void ConfigureReplication(ReplicationOptions replication, IServiceProvider provider)
    {
        var node = Node(provider);
        var configuration = provider.GetRequiredService<LiveConfiguration>();
        replication.Node = node.Name;
        replication.ListenOn = new IPEndPoint(node.ListenAddress ?? IPAddress.Parse(node.Host), node.ReplicationPort);
        // As in Redis: a node that demands a password of its clients demands it of its replicas, which give theirs as masterauth.
        replication.Secret = () => $"{node.Secret}\n{configuration.RequirePass}";
        replication.PeerSecret = () => $"{node.Secret}\n{configuration.MasterAuth}";
        replication.WireUse = provider.GetRequiredService<WireUse>();
        replication.RsyncTimeout = () => configuration.RsyncTimeout;
        replication.TargetQueueDelay = isCapacityKnown => Headroom.TargetQueueDelay(configuration.SyncHeadroomPercent, configuration.TargetQueueDelay, isCapacityKnown);
        replication.InitialBytesPerSecond = kind => kind == FlowKind.Snapshot ? configuration.SyncFloorBytesPerSecond : 0;
    }

    private static NodeOptions Node(IServiceProvider provider) => provider.GetRequiredService<IOptions<NodeOptions>>().Value;

    // Whoever reads the configuration reads it from the data directory, which must be ours first.
    private static LiveConfiguration LiveConfigurationOf(IServiceProvider provider)
    {
        provider.GetRequiredService<DataDirectoryLock>();
        var node = Node(provider);
        return LiveConfiguration.Load(
            Path.Combine(node.DataDirectory, "sluice.conf"),
            [
                new(ConfigurationParameters.Port.Name, node.RespPort.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                new(ConfigurationParameters.Bind.Name, node.ListenAddress?.ToString() ?? node.Host),
                new(ConfigurationParameters.Directory.Name, node.DataDirectory),
            ]);
    }
}
