using System.Globalization;
using System.Text;

namespace Sluice.Tests.Cluster;

/// <summary>Two nodes as processes; one is killed in the middle of a full copy.</summary>
public sealed class KillTests : IAsyncLifetime
{
    private const int Shards = 2;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-kill").FullName;
    private NodeProcess a = null!;
    private NodeProcess b = null!;

    public async Task InitializeAsync()
    {
        var ports = FreePorts.Take(8);
        var seeds = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[2]},127.0.0.1:{ports[6]}");
        a = new NodeProcess("a", directory, ports[..4], seeds, Shards);
        b = new NodeProcess("b", directory, ports[4..], seeds, Shards);
        await a.StartAsync();
        await b.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await a.DisposeAsync();
        await b.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("replica")]
    [InlineData("primary")]
    public async Task After_kill_9_during_the_copy_and_a_restart_both_sides_become_equal_without_an_operator(string killed)
    {
        await FillAsync(megabytes: 24);
        await using (var order = await RedisConnection.OpenAsync(b.Port))
        {
            Assert.Equal("OK", (await order.SendAsync("CONFIG SET throttle-bytes-per-second 4mb")).Text);
            Assert.Equal("OK", (await order.SendAsync($"REPLICAOF 127.0.0.1 {a.Port}")).Text);
            await Eventually.IsTrueAsync("a copy under way", Bound, async () => long.Parse(await FieldAsync(order, "master_sync_read_bytes"), CultureInfo.InvariantCulture) > 1 << 20);
        }

        var victim = killed == "replica" ? b : a;
        await victim.KillAsync();
        await victim.StartAsync();

        await EqualAsync();
    }

    private static async Task<string> FieldAsync(RedisConnection connection, string field)
    {
        var info = (await connection.SendAsync("INFO replication")).Text;
        return info.Split("\r\n").FirstOrDefault(line => line.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..] ?? "0";
    }

    // The replica is up, has every key, and each has the primary's value.
    private async Task EqualAsync()
    {
        await using var primary = await RedisConnection.OpenAsync(a.Port);
        await Eventually.IsTrueAsync("the replica's link is up and no copy is in progress", Bound, async () =>
        {
            await using var replica = await RedisConnection.OpenAsync(b.Port);
            return await FieldAsync(replica, "master_link_status") == "up" && (await replica.SendAsync("DBSIZE")).Integer == (await primary.SendAsync("DBSIZE")).Integer;
        });
        await using var copy = await RedisConnection.OpenAsync(b.Port);
        foreach (var key in (await primary.SendAsync("KEYS *")).Items)
        {
            var name = key.Bytes.ToArray();
            var (left, right) = (await primary.SendAsync("GET"u8.ToArray(), name), await copy.SendAsync("GET"u8.ToArray(), name));
            Assert.True(left.Bytes.Span.SequenceEqual(right.Bytes.Span), $"{key.Text} differs");
        }
    }

    private async Task FillAsync(int megabytes)
    {
        await using var connection = await RedisConnection.OpenAsync(a.Port);
        var random = new Random(1);
        for (var n = 0; n < megabytes; n++)
        {
            var replies = await connection.PipelineAsync([.. Enumerable.Range(0, 4).Select(i =>
            {
                var value = new byte[256 * 1024];
                random.NextBytes(value);
                return new[] { "SET"u8.ToArray(), Encoding.ASCII.GetBytes($"key:{n}:{i}"), value };
            })]);
            Assert.All(replies, reply => Assert.Equal("OK", reply.Text));
        }
    }
}
