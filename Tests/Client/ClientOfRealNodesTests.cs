using System.Net;
using System.Text;
using System.Text.Json;
using Sluice.Cli;
using Sluice.Client;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Client;

/// <summary>The library and the command line against whole nodes, over their gateways.</summary>
public sealed class ClientOfRealNodesTests
{
    private const int ShardCount = 3;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_program_writes_adds_a_replica_watches_it_live_and_finds_equal_digests()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, ShardCount);
        await using var connection = await ClusterConnection.OpenAsync(SettingsOf(nodes, 1), CancellationToken.None);
        var client = connection.Client;
        using var limit = new CancellationTokenSource(Bound, TimeProvider.System);

        await client.Strings.SetManyAsync([.. Enumerable.Range(0, 500).Select(i => KeyValuePair.Create<SluiceBytes, SluiceBytes>($"key{i}", $"value{i}"))], limit.Token);
        Assert.Equal("value7", Encoding.UTF8.GetString((await client.Strings.GetAsync("key7", limit.Token))!));
        Assert.False(await client.Strings.SetAsync("key7", "other", new SetOptions { Condition = SetCondition.IfAbsent }, limit.Token));
        Assert.True(await client.Strings.ExpireAsync("key7", TimeSpan.FromHours(1), limit.Token));
        Assert.InRange((await client.Strings.GetTimeToLiveAsync("key7", limit.Token))!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        Assert.Equal([true, false], (await client.Strings.GetManyAsync(["key499", "nothing"], limit.Token)).Select(value => value is not null));

        Assert.Equal(Enumerable.Range(0, ShardCount), await client.Replicas.AddAsync("b", cancellationToken: limit.Token));
        await foreach (var snapshot in client.Syncs.WatchAsync("b", TimeSpan.FromMilliseconds(100), limit.Token))
        {
            if (snapshot.AllLive && snapshot.Syncs.Length == ShardCount)
            {
                break;
            }
        }

        var (a, b) = (await client.Nodes.ComputeDigestAsync("a", limit.Token), await client.Nodes.ComputeDigestAsync("b", limit.Token));
        Assert.Equal((500, a.Sha256), (b.Keys, b.Sha256));
    }

    [Fact]
    public async Task Limits_that_were_set_by_the_library_are_what_CONFIG_GET_shows()
    {
        await using var nodes = await NodesUnderTest.StartAsync(1, 1);
        await using var connection = await ClusterConnection.OpenAsync(SettingsOf(nodes, 0), CancellationToken.None);

        await connection.Client.Bandwidth.SetLimitsAsync("a", new BandwidthLimits { IngressBytesPerSecond = 20 << 20, MaxConcurrentSyncs = 2 });

        await using var redis = await nodes.ConnectAsync(0);
        Assert.Contains("20971520", (await redis.SendAsync("CONFIG GET throttle-bytes-per-second")).ToString()!, StringComparison.Ordinal);
        Assert.Equal(2, (await connection.Client.Bandwidth.GetLimitsAsync("a")).MaxConcurrentSyncs);
        await Assert.ThrowsAsync<OrderRefusedException>(() => connection.Client.Nodes.SetParametersAsync("a", [new ConfigParameter("no-such-parameter", "1")]));
    }

    [Fact]
    public async Task The_command_line_connects_by_itself_and_says_in_one_sentence_when_nobody_answers()
    {
        await using var nodes = await NodesUnderTest.StartAsync(1, 1);
        var gateway = $"127.0.0.1:{nodes.Settings(0).GatewayPort}";

        Assert.Equal((0, "OK\n"), await RunAsync("set", "greeting", "hello", "--connect", gateway));
        Assert.Equal((0, "hello"), await RunAsync("get", "greeting", "--connect", gateway));
        var (status, list) = await RunAsync("node", "list", "--json", "--connect", gateway);
        Assert.Equal((0, "a"), (status, JsonDocument.Parse(list).RootElement[0].GetProperty("address").GetProperty("name").GetString()));
        var (refused, sentence) = await RunAsync("get", "greeting", "--connect", $"127.0.0.1:{FreePorts.Take(1)[0]}");
        Assert.Equal(1, refused);
        Assert.StartsWith("sluice: No node answers at 127.0.0.1:", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orders_by_the_command_line_are_the_clusters_policy()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, 2);
        var gateway = $"127.0.0.1:{nodes.Settings(1).GatewayPort}";

        Assert.Equal((0, "Paused until resumed: all full copies. 'sluice sync resume' lets them go on.\n"), await RunAsync("sync", "pause", "--all", "--connect", gateway));
        Assert.Equal((0, "1@b: class background, at most 1.0 MiB/s.\n"), await RunAsync("sync", "set", "1@b", "--class", "background", "--limit", "1mb", "--connect", gateway));
        Assert.Equal(0, (await RunAsync("bandwidth", "class", "normal", "--weight", "9", "--connect", gateway)).Status);
        var (refused, sentence) = await RunAsync("sync", "set", "1@b", "--class", "fast", "--connect", gateway);
        Assert.Equal((1, "sluice: There is no QoS class 'fast'; there are log, urgent, normal, background.\n"), (refused, sentence));

        var policy = await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetPolicy();
        Assert.True(policy.IsPaused);
        Assert.Equal(new SyncPolicy { Replica = new ReplicaKey(1, "b"), Class = QosClass.Background, LimitBytesPerSecond = 1 << 20 }, Assert.Single(policy.Syncs));
        Assert.Equal(new QosClassTerms(QosClass.Normal, 0, 0, 9), Assert.Single(policy.Classes));
        Assert.Equal((0, "Resumed: all full copies.\n"), await RunAsync("sync", "resume", "--all", "--connect", gateway));
        Assert.False((await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetPolicy()).IsPaused);
    }

    private static ConnectionSettings SettingsOf(NodesUnderTest nodes, int node) =>
        new([new IPEndPoint(IPAddress.Loopback, nodes.Settings(node).GatewayPort)], ClusterDefaults.ClusterId, SharedSecret: null);

    private static async Task<(int Status, string Text)> RunAsync(params string[] args)
    {
        using var raw = new MemoryStream();
        await using var writer = new StreamWriter(raw, new UTF8Encoding(false)) { AutoFlush = true };
        using var environment = new CommandEnvironment(
            new Sluice.Cli.Rendering.CommandOutput(raw, writer, writer, isTerminal: false), ClusterConnection.OpenAsync, _ => null, TimeProvider.System);
        var status = await SluiceCommandLine.RunAsync(args, environment).WaitAsync(Bound);
        return (status, Encoding.UTF8.GetString(raw.ToArray()));
    }
}
