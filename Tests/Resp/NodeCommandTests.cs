using System.Collections.Immutable;
using Sluice.Configuration;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>Commands about the node: orders, roles, passwords, clients.</summary>
public class NodeCommandTests
{
    [Fact]
    public async Task Orders_reach_the_node_and_a_refusal_is_told_as_it_stands()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.AskAsync("REPLICAOF host-a 9221");
        await client.AskAsync("SLAVEOF host-a 9221 FORCE");
        await client.AskAsync("REPLICAOF no one");
        Assert.Equal(["replicaof host-a 9221 False", "replicaof host-a 9221 True", "promote"], gateway.Node.Orders);

        gateway.Node.Refusal = new OrderRefusedException("Replica 3@b is not live.");
        Assert.Equal("(error) ERR Replica 3@b is not live.", await client.AskTextAsync("REPLICAOF NO ONE"));
    }

    [Theory]
    [InlineData("SHUTDOWN")]
    [InlineData("SHUTDOWN NOSAVE NOW FORCE")]
    public async Task A_shutdown_is_ordered_and_the_connection_closed_without_a_reply(string command)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(RespClient.Encode(command));
        Assert.Equal("", await client.ReadToEndAsync());
        Assert.Equal(["shutdown"], gateway.Node.Orders);
    }

    [Fact]
    public async Task A_replica_tells_of_its_primary_and_its_copy()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 2);
        gateway.Node.Show(FakeNode.Topology(2, "a", "b"));
        gateway.Node.Report = gateway.Node.Report with
        {
            Shards = [Shard(0, ReplicaRole.Replica, 10), Shard(1, ReplicaRole.Replica, 20)],
            Syncs = [Sync(0, SyncState.Copying, 1000, 250), Sync(1, SyncState.Live, 1000, 1000)],
        };
        using var client = await gateway.ConnectAsync();

        Assert.Equal("Array[\"slave\", \"127.0.0.1\", (integer) 9221, \"sync\", (integer) 30]", await client.AskTextAsync("ROLE"));
        var info = await client.AskTextAsync("INFO replication");
        foreach (var field in new[] { "role:slave", "master_host:127.0.0.1", "master_port:9221", "master_link_status:down", "master_sync_in_progress:1", "master_sync_total_bytes:2000", "master_sync_read_bytes:1250", "master_sync_left_bytes:750", "master_sync_perc:62.50", "slave_repl_offset:30", "master_repl_offset:30" })
        {
            Assert.Contains(field + "\r\n", info, StringComparison.Ordinal);
        }

        Assert.Contains("\"role\", \"replica\"", await client.AskTextAsync("HELLO"), StringComparison.Ordinal);
        Assert.StartsWith("(error) ERR WAIT cannot be used with replica instances.", await client.AskTextAsync("WAIT 1 1"), StringComparison.Ordinal);

        gateway.Node.Report = gateway.Node.Report with { Syncs = [Sync(0, SyncState.Live, 1000, 1000), Sync(1, SyncState.CatchingUp, 0, 0)] };
        info = await client.AskTextAsync("INFO replication");
        Assert.Contains("master_link_status:up\r\n", info, StringComparison.Ordinal);
        Assert.Contains("master_sync_in_progress:0\r\n", info, StringComparison.Ordinal);
        Assert.DoesNotContain("master_sync_total_bytes", info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_primary_tells_of_its_replicas()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 2);
        gateway.Node.Show(FakeNode.Topology(2, "b", "a"));
        gateway.Node.Report = gateway.Node.Report with
        {
            Shards = [Shard(0, ReplicaRole.Primary, 10, new FollowerStatus("a", 9, DateTimeOffset.UnixEpoch)), Shard(1, ReplicaRole.Primary, 20)],
        };
        using var client = await gateway.ConnectAsync();

        Assert.Equal("Array[\"master\", (integer) 30, Array[Array[\"127.0.0.1\", \"9221\", \"9\"]]]", await client.AskTextAsync("ROLE"));
        var info = await client.AskTextAsync("INFO replication");
        Assert.Contains("role:master\r\nconnected_slaves:1\r\nslave0:ip=127.0.0.1,port=9221,state=send_bulk,offset=9,lag=", info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WAIT_asks_the_shards_that_the_connection_wrote_to()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        gateway.Router.Replicas = 2;
        using var client = await gateway.ConnectAsync();
        await client.PipelineAsync("SET a 1", "SET a 2");
        Assert.Equal("(integer) 2", await client.AskTextAsync("WAIT 1 0"));
        var asked = Assert.Single(gateway.Router.Awaited);
        Assert.Equal(HashSlot.ToShard(HashSlot.Of("a"u8), 16), asked.Shard);
        Assert.Equal(1, asked.Sequence);
    }

    [Fact]
    public async Task Without_the_password_nothing_is_served()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(configuration: new LiveConfiguration(startup: [new("requirepass", "secret")]));
        using var client = await gateway.ConnectAsync();

        Assert.Equal("(error) NOAUTH Authentication required.", await client.AskTextAsync("GET a"));
        Assert.Equal("(error) NOAUTH Authentication required.", await client.AskTextAsync("PING"));
        Assert.Equal("(error) NOAUTH Authentication required.", await client.AskTextAsync("CONFIG GET requirepass"));
        Assert.StartsWith("(error) NOAUTH HELLO must be called with the client already authenticated", await client.AskTextAsync("HELLO 3"), StringComparison.Ordinal);
        Assert.Equal("(error) WRONGPASS invalid username-password pair or user is disabled.", await client.AskTextAsync("AUTH wrong"));
        Assert.Equal("(error) WRONGPASS invalid username-password pair or user is disabled.", await client.AskTextAsync("AUTH other secret"));
        Assert.Equal("(error) WRONGPASS invalid username-password pair or user is disabled.", await client.AskTextAsync("HELLO 2 AUTH default wrong"));

        // In one pipeline: what follows AUTH is read with the limits of a client that has given the password.
        var value = new string('v', 20_000);
        var replies = await client.PipelineAsync("AUTH secret", $"SET a {value}", "GET a");
        Assert.Equal(value, replies[2].Text);

        Assert.Equal("\"RESET\"", await client.AskTextAsync("RESET"));
        Assert.Equal("(error) NOAUTH Authentication required.", await client.AskTextAsync("GET a"));
        Assert.Equal(RespKind.Array, (await client.AskAsync("HELLO 2 AUTH default secret")).Kind);
        Assert.Equal(value, (await client.AskAsync("GET a")).Text);
    }

    [Fact]
    public async Task A_client_is_killed_by_its_number_or_its_address()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        using var first = await gateway.ConnectAsync();
        using var second = await gateway.ConnectAsync();
        var id = (await first.AskAsync("CLIENT ID")).Integer;
        await second.AskAsync("PING");

        Assert.Equal("(integer) 1", await client.AskTextAsync($"CLIENT KILL ID {id}"));
        Assert.Equal("", await first.ReadToEndAsync());
        Assert.Equal("\"OK\"", await client.AskTextAsync($"CLIENT KILL {second.Socket.LocalEndPoint}"));
        Assert.Equal("", await second.ReadToEndAsync());
        Assert.Equal("(integer) 0", await client.AskTextAsync("CLIENT KILL TYPE normal"));
    }

    private static ShardStatus Shard(int shard, ReplicaRole role, long sequence, params FollowerStatus[] followers) =>
        new() { Key = new ReplicaKey(shard, "b"), Role = role, Sequence = sequence, Followers = followers.ToImmutableArray() };

    private static SyncProgress Sync(int shard, SyncState state, long total, long received) =>
        new() { Replica = new ReplicaKey(shard, "b"), State = state, TotalBytes = total, ReceivedBytes = received };
}
