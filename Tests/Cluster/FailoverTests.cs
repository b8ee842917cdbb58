using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Sluice.Tests.Cluster;

/// <summary>Planned changes of primary on whole nodes in this process.</summary>
public sealed class FailoverTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task FAILOVER_under_load_loses_no_acknowledged_write_and_leaves_one_primary()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);
        var acknowledged = new ConcurrentDictionary<string, int>();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(nodes, writer, acknowledged, stop.Token))).ToList();
        await Eventually.IsTrueAsync("every writer has written", Bound, () => Task.FromResult(acknowledged.Count == 4 && acknowledged.Values.All(count => count > 10)));

        Assert.Equal("OK", (await a.SendAsync($"FAILOVER TO 127.0.0.1 {nodes.Settings(1).Port}")).Text);
        await RoleAsync(b, "role:master");
        await RoleAsync(a, "role:slave");
        var soFar = acknowledged.ToDictionary();
        await Eventually.IsTrueAsync("every writer writes on", Bound, () => Task.FromResult(acknowledged.All(pair => pair.Value > soFar[pair.Key] + 10)));
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        // Each writer counts one key upwards, and what it was told is what there must be: a write that was lost, or made twice, shows.
        foreach (var (key, count) in acknowledged)
        {
            Assert.Equal($"{count}", (await b.SendAsync($"GET {key}")).Text);
        }

        Assert.Contains("master_failover_state:no-failover", (await a.SendAsync("INFO replication")).Text, StringComparison.Ordinal);
        await nodes.LiveAsync(0, Bound);
        Assert.Equal((await nodes.DigestsAsync(1)).Select(digest => digest.Sha256), (await nodes.DigestsAsync(0)).Select(digest => digest.Sha256));
    }

    [Fact]
    public async Task Of_two_operators_who_promote_different_replicas_at_once_exactly_one_succeeds_for_each_shard()
    {
        await using var nodes = await NodesUnderTest.StartAsync(3, shards: 2);
        await using var b = await nodes.ConnectAsync(1);
        await using var c = await nodes.ConnectAsync(2);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await c.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);
        await nodes.LiveAsync(2, Bound);

        await Task.WhenAll(b.SendAsync("REPLICAOF NO ONE"), c.SendAsync("REPLICAOF NO ONE"));

        var topology = await nodes.Grains(0).GetGrain<ITopologyGrain>(0).Get();
        Assert.All(topology.Shards, shard => Assert.Contains(shard.Primary, new[] { "b", "c" }));
        await using var a = await nodes.ConnectAsync(0);
        foreach (var shard in topology.Shards)
        {
            await Eventually.IsTrueAsync($"shard {shard.Shard} has one primary", Bound, async () =>
            {
                var roles = await Task.WhenAll(Enumerable.Range(0, 3).Select(node => nodes.Grains(0).GetGrain<IShardGrain>(new ReplicaKey(shard.Shard, NodesUnderTest.NameOf(node)).ToString()).GetStatus()));
                return roles.Count(status => status.Role == ReplicaRole.Primary) == 1 && roles.All(status => status.Epoch == shard.Epoch);
            });
        }
    }

    [Fact]
    public async Task FAILOVER_is_refused_in_Redis_words()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        Assert.Equal("ERR FAILOVER requires connected replicas.", (await a.SendAsync("FAILOVER")).Text);
        Assert.Equal("ERR FAILOVER is not valid when server is a replica.", (await b.SendAsync("FAILOVER")).Text);
        Assert.Equal("ERR No failover in progress.", (await a.SendAsync("FAILOVER ABORT")).Text);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        Assert.Equal("ERR FAILOVER target HOST and PORT is not a replica.", (await a.SendAsync("FAILOVER TO 127.0.0.1 1")).Text);
        Assert.Equal("ERR FAILOVER with force option requires both a timeout and target HOST and IP to be set.", (await a.SendAsync("FAILOVER FORCE")).Text);
    }

    [Fact]
    public async Task A_primary_stops_writing_when_anybody_knows_of_a_higher_epoch()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        Assert.Equal("OK", (await a.SendAsync("SET before fence")).Text);
        var primary = nodes.Grains(0).GetGrain<IShardGrain>("0@a");

        // A follower that was promoted under, or follows, a later epoch than the primary knows of.
        await Assert.ThrowsAsync<ShardUnavailableException>(() => primary.OfferLog(new LogRequest(new ReplicaKey(0, "b"), new LogPosition(1, 2), KnownEpoch: 9)));

        Assert.StartsWith("READONLY", (await a.SendAsync("SET after fence")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restarted_primary_begins_a_new_reign_because_its_replicas_may_hold_what_it_has_lost()
    {
        await using var nodes = await NodesUnderTest.StartAsync(1, shards: 1);
        var before = await nodes.Grains(0).GetGrain<IShardGrain>("0@a").GetStatus();

        await nodes.StopNodeAsync(0);
        await nodes.StartNodeAsync(0);

        var after = await nodes.Grains(0).GetGrain<IShardGrain>("0@a").GetStatus();
        Assert.Equal((before.Epoch + 1, before.Epoch + 1), (after.Epoch, after.Position.Epoch));
        await using var a = await nodes.ConnectAsync(0);
        Assert.Equal("OK", (await a.SendAsync("SET in the-new-reign")).Text);
    }

    [Fact]
    public async Task An_old_primary_that_comes_back_with_more_than_the_new_history_has_copies_it_and_keeps_its_own_aside()
    {
        await using var nodes = await NodesUnderTest.StartAsync(3, shards: 1);
        await using (var b = await nodes.ConnectAsync(1))
        {
            await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
            await nodes.LiveAsync(1, Bound);
            Assert.Equal("OK", (await b.SendAsync("REPLICAOF NO ONE")).Text);
        }

        await using (var c = await nodes.ConnectAsync(2))
        {
            await c.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(1).Port}");
            await nodes.LiveAsync(2, Bound);
        }

        await nodes.LiveAsync(0, Bound);
        await nodes.StopNodeAsync(2);
        await nodes.Grains(0).GetGrain<INodeGrain>("a").DropReplicas([]);
        await using (var b = await nodes.ConnectAsync(1))
        {
            Assert.Equal("OK", (await b.SendAsync("SET only on-b")).Text);
        }

        await nodes.StopNodeAsync(1);
        await nodes.StartNodeAsync(2);
        await using (var c = await nodes.ConnectAsync(2))
        {
            Assert.Equal("OK", (await c.SendAsync("REPLICAOF NO ONE")).Text);
            Assert.Equal("OK", (await c.SendAsync("SET now on-c")).Text);
        }

        await nodes.StartNodeAsync(1);
        await nodes.LiveAsync(1, Bound);

        Assert.Equal((await nodes.DigestsAsync(2)).Select(digest => digest.Sha256), (await nodes.DigestsAsync(1)).Select(digest => digest.Sha256));
        var options = nodes.Services(1).GetRequiredService<IOptions<NodeOptions>>().Value;
        Assert.Single(Directory.GetDirectories(options.ShardDirectory(0), "diverged-*"));
    }

    private static Task RoleAsync(RedisConnection node, string role) => Eventually.IsTrueAsync(role, Bound, async () =>
        (await node.SendAsync("INFO replication")).Text.Contains(role, StringComparison.Ordinal));

    private static async Task WriteAsync(NodesUnderTest nodes, int writer, ConcurrentDictionary<string, int> acknowledged, CancellationToken stop)
    {
        var key = $"writer:{writer}";
        var node = 0;
        var connection = await nodes.ConnectAsync(node);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var next = acknowledged.GetValueOrDefault(key) + 1;
                var reply = await connection.SendAsync($"SET {key} {next}");
                if (!reply.IsError)
                {
                    acknowledged[key] = next;
                    continue;
                }

                // The node has become a replica: the other is primary, or about to be.
                Assert.StartsWith("READONLY", reply.Text, StringComparison.Ordinal);
                await connection.DisposeAsync();
                node = 1 - node;
                connection = await nodes.ConnectAsync(node);
            }
        }
        finally
        {
            await connection.DisposeAsync();
        }
    }
}
