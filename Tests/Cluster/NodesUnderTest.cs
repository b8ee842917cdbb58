using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Silo;
using Sluice.Silo.Configuration;

namespace Sluice.Tests.Cluster;

/// <summary>Several nodes in this process, each a whole host with sockets and a data directory of its own.</summary>
internal sealed class NodesUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-cluster").FullName;
    private readonly NodeSettings[] settings;
    private readonly WebApplication?[] hosts;

    private NodesUnderTest(int count, int shards)
    {
        var ports = FreePorts.Take(4 * count);
        var seeds = Enumerable.Range(0, count).Select(n => new IPEndPoint(IPAddress.Loopback, ports[4 * n + 2])).ToList();
        settings = [.. Enumerable.Range(0, count).Select(n => new NodeSettings
        {
            Name = NameOf(n),
            Data = Path.Combine(directory, NameOf(n)),
            Port = ports[4 * n],
            ReplicationPort = ports[4 * n + 1],
            SiloPort = ports[4 * n + 2],
            GatewayPort = ports[4 * n + 3],
            Seeds = seeds,
            Shards = shards,
            LogLevel = LogLevel.Warning,
        })];
        hosts = new WebApplication?[count];
    }

    /// <summary>Starts so many nodes, named a, b, c, ...; a is the primary of all shards.</summary>
    public static async Task<NodesUnderTest> StartAsync(int count, int shards)
    {
        var nodes = new NodesUnderTest(count, shards);
        for (var n = 0; n < count; n++)
        {
            await nodes.StartNodeAsync(n);
        }

        return nodes;
    }

    public static string NameOf(int node) => ((char)('a' + node)).ToString();

    public NodeSettings Settings(int node) => settings[node];

    /// <summary>Grain calls from inside a node.</summary>
    public IGrainFactory Grains(int node) => hosts[node]!.Services.GetRequiredService<IGrainFactory>();

    /// <summary>What is inside of a node.</summary>
    public IServiceProvider Services(int node) => hosts[node]!.Services;

    public Task<RedisConnection> ConnectAsync(int node) => RedisConnection.OpenAsync(settings[node].Port);

    public async Task StartNodeAsync(int node)
    {
        var host = SluiceNode.Build(settings[node]);
        hosts[node] = host;
        await host.StartAsync();
        await host.Services.GetRequiredService<NodeWatch>().Joined.WaitAsync(StartBound);
    }

    public async Task StopNodeAsync(int node)
    {
        await hosts[node]!.StopAsync();
        await hosts[node]!.DisposeAsync();
        hosts[node] = null;
    }

    /// <summary>The digests of all shards on a node, in order.</summary>
    public async Task<IReadOnlyList<ShardDigest>> DigestsAsync(int node)
    {
        var digests = new List<ShardDigest>();
        for (var shard = 0; shard < settings[node].Shards; shard++)
        {
            digests.Add(await Grains(node).GetGrain<IShardGrain>(new ReplicaKey(shard, NameOf(node)).ToString()).ComputeDigest());
        }

        return digests;
    }

    /// <summary>Waits until all syncs of a node are live and without lag.</summary>
    public Task LiveAsync(int node, TimeSpan bound) => Eventually.IsTrueAsync($"all replicas of node {NameOf(node)} live", bound, async () =>
    {
        var report = await Grains(node).GetGrain<INodeGrain>(NameOf(node)).GetReport();
        if (report.Syncs.Length == 0 || !report.Syncs.All(sync => sync.State == SyncState.Live && sync.LagSequences == 0))
        {
            return false;
        }

        // The lag is what the replica last heard of: what was written since it has yet to hear of.
        var primaries = await Task.WhenAll(report.Syncs.Select(sync => Grains(node).GetGrain<IShardGrain>(new ReplicaKey(sync.Replica.Shard, sync.Source).ToString()).GetStatus()));
        return primaries.All(primary => report.Shards.Single(shard => shard.Key.Shard == primary.Key.Shard).Sequence == primary.Sequence);
    });

    public async ValueTask DisposeAsync()
    {
        for (var node = 0; node < hosts.Length; node++)
        {
            if (hosts[node] is not null)
            {
                await StopNodeAsync(node);
            }
        }

        Directory.Delete(directory, recursive: true);
    }
}
