using System.Globalization;

namespace Sluice.Tests.Cluster;

/// <summary>The coordinator's node, as a process, is killed for good, or comes back after another one took over.</summary>
public sealed class CoordinatorTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-coordinator").FullName;
    private NodeProcess a = null!;
    private NodeProcess b = null!;

    public async Task InitializeAsync()
    {
        var ports = FreePorts.Take(8);
        var seeds = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[2]},127.0.0.1:{ports[6]}");
        a = new NodeProcess("a", directory, ports[..4], seeds, shards: 2);
        b = new NodeProcess("b", directory, ports[4..], seeds, shards: 2);
        await a.StartAsync();
        await b.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await a.DisposeAsync();
        await b.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_surviving_node_takes_over_and_the_old_coordinator_yields_when_it_comes_back()
    {
        await OrderAsync(a, "SET key before");
        await OrderAsync(b, $"REPLICAOF 127.0.0.1 {a.Port}");
        await LinkUpAsync(b);
        Assert.Contains("The coordinator answers", await AskAsync(b, "SLUICE COORDINATOR TAKEOVER"), StringComparison.Ordinal);

        await a.KillAsync();
        await Eventually.IsTrueAsync("b takes over", Bound, async () => await AskAsync(b, "SLUICE COORDINATOR TAKEOVER") == "OK");
        Assert.Equal("OK", await AskAsync(b, "SLUICE COORDINATOR TAKEOVER"));

        // It is primary of its shards still, but only because b, which keeps the topology now, says so.
        await a.StartAsync();
        await OrderAsync(a, "SET key after");
        await using var raw = await RedisConnection.OpenAsync(a.Port);
        var shown = (await raw.SendAsync("SLUICE COORDINATOR")).Items;
        Assert.Equal(("b", 1L), (shown[1].Text, shown[3].Integer));
    }

    [Fact]
    public async Task A_node_with_another_clusters_data_stops_with_a_sentence_and_its_data_untouched()
    {
        await OrderAsync(b, $"REPLICAOF 127.0.0.1 {a.Port}");
        await LinkUpAsync(b);
        await a.KillAsync();
        await b.KillAsync();
        Directory.Delete(Path.Combine(directory, "a"), recursive: true);
        await a.StartAsync();

        var (status, said) = await b.RunToItsEndAsync(Bound);

        Assert.Equal(2, status);
        Assert.Contains("holds data of cluster", said, StringComparison.Ordinal);
        Assert.True(Directory.EnumerateFiles(Path.Combine(directory, "b", "shards"), "*.log", SearchOption.AllDirectories).Any());
    }

    private static async Task<string> AskAsync(NodeProcess node, string command)
    {
        await using var connection = await RedisConnection.OpenAsync(node.Port);
        return (await connection.SendAsync(command)).Text;
    }

    private static async Task OrderAsync(NodeProcess node, string command) => Assert.Equal("OK", await AskAsync(node, command));

    private static Task LinkUpAsync(NodeProcess node) => Eventually.IsTrueAsync($"{node.Name} follows its primary", Bound, async () =>
        (await AskAsync(node, "INFO replication")).Contains("master_link_status:up", StringComparison.Ordinal));
}
