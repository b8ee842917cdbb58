using System.Text;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>What a client sees of pipelines and of several shards.</summary>
public class GatewayTests
{
    [Fact]
    public async Task Replies_keep_the_order_of_a_pipeline_over_many_shards()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        var commands = Enumerable.Range(0, 500).SelectMany(i => new[] { $"SET k{i} v{i}", $"GET k{i}", $"ECHO {i}" }).ToArray();

        var replies = await client.PipelineAsync(commands);

        for (var i = 0; i < 500; i++)
        {
            Assert.Equal("OK", replies[3 * i].Text);
            Assert.Equal($"v{i}", replies[(3 * i) + 1].Text);
            Assert.Equal($"{i}", replies[(3 * i) + 2].Text);
        }
    }

    [Fact]
    public async Task Commands_of_one_pipeline_go_to_each_shard_as_one_call()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 4);
        using var client = await gateway.ConnectAsync();
        await client.PipelineAsync([.. Enumerable.Range(0, 16).Select(i => $"SET key{i} v"), "PING"]);
        await client.PipelineAsync([.. Enumerable.Range(0, 16).Select(i => $"GET key{i}"), "TIME"]);

        Assert.True(gateway.Router.Batches.Count <= 2 * 4, $"{gateway.Router.Batches.Count} calls for 2 pipelines over 4 shards");
        Assert.Equal(32, gateway.Router.Batches.Sum(call => call.Batch.Commands.Length));
    }

    [Fact]
    public async Task A_command_over_several_shards_takes_part_in_its_pipeline()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        var keys = string.Join(' ', Enumerable.Range(0, 20).Select(i => $"k{i}"));
        var values = string.Join(' ', Enumerable.Range(0, 20).Select(i => $"k{i} v{i}"));
        var commands = new[] { $"MSET {values}", $"MGET {keys}", "SET k3 new", $"MGET {keys} k3", $"EXISTS {keys} none", $"DEL {keys}", $"TOUCH {keys}", "PING" };
        await client.AskAsync("PING");

        var replies = await client.PipelineAsync(commands);

        Assert.Equal("OK", replies[0].Text);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"v{i}"), replies[1].Items.Select(value => value.Text));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => i == 3 ? "new" : $"v{i}").Append("new"), replies[3].Items.Select(value => value.Text));
        Assert.Equal(new long[] { 20, 20, 0 }, replies.Skip(4).Take(3).Select(reply => reply.Integer));
        Assert.Equal("PONG", replies[7].Text);
        Assert.InRange(gateway.Router.Batches.Count, 1, 2 * 16);
    }

    [Fact]
    public async Task A_command_over_several_shards_fails_when_one_does()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        gateway.Router.Before = (shard, _) => shard == HashSlot.ToShard(HashSlot.Of("b"u8), 16) ? throw new InvalidOperationException("broken") : Task.CompletedTask;
        var replies = await client.PipelineAsync("MSET a 1 b 2 c 3", "MGET a b c", "DEL a b c", "GET a");
        Assert.All(replies.Take(3), reply => Assert.True(reply.IsError, reply.ToString()));
        Assert.False(replies[3].IsError);
    }

    [Fact]
    public async Task A_command_over_several_shards_sees_what_came_before_it_and_not_what_comes_after()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();

        var replies = await client.PipelineAsync("SET a 1", "SET b 2", "SET c 3", "MGET a b c d", "SET a changed", "DBSIZE", "DEL a b c d", "DBSIZE");

        Assert.Equal("Array[\"1\", \"2\", \"3\", (nil)]", replies[3].ToString());
        Assert.Equal(3, replies[5].Integer);
        Assert.Equal(3, replies[6].Integer);
        Assert.Equal(0, replies[7].Integer);
    }

    [Fact]
    public async Task Keys_are_found_by_a_scan_over_all_shards_each_once()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        var keys = Enumerable.Range(0, 300).Select(i => $"key:{i}").ToList();
        await client.AskAsync("MSET " + string.Join(' ', keys.Select(key => key + " v")));

        var found = new List<string>();
        var cursor = "0";
        do
        {
            var page = await client.AskAsync($"SCAN {cursor} COUNT 10");
            cursor = page.Items[0].Text;
            found.AddRange(page.Items[1].Items.Select(key => key.Text));
        }
        while (cursor != "0");

        Assert.Equal(keys.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.Equal(keys.Order(StringComparer.Ordinal), (await client.AskAsync("KEYS *")).Items.Select(key => key.Text).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("SCAN x", "(error) ERR invalid cursor")]
    [InlineData("SCAN -1", "(error) ERR invalid cursor")]
    [InlineData("SCAN 0 COUNT", "(error) ERR syntax error")]
    [InlineData("SCAN 18446744073709551615", "Array[\"0\", Array[]]")]
    public async Task A_scan_refuses_what_is_no_cursor_and_ends_at_one_that_it_never_gave(string command, string reply)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        Assert.Equal(reply, await client.AskTextAsync(command));
    }

    [Fact]
    public async Task A_key_is_renamed_from_one_shard_to_another()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();

        Assert.Equal("(error) ERR no such key", await client.AskTextAsync("RENAME a b"));
        await client.AskAsync("MSET a 1 c 2");
        Assert.Equal("\"OK\"", await client.AskTextAsync("RENAME a b"));
        Assert.Equal("Array[(nil), \"1\", \"2\"]", await client.AskTextAsync("MGET a b c"));
        Assert.Equal("(integer) 0", await client.AskTextAsync("RENAMENX b c"));
        Assert.Equal("(integer) 1", await client.AskTextAsync("RENAMENX b d"));
        Assert.Equal("Array[(nil), (nil), \"2\", \"1\"]", await client.AskTextAsync("MGET a b c d"));
    }

    [Fact]
    public async Task A_write_to_the_source_during_a_rename_is_carried_along()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        using var other = await gateway.ConnectAsync();
        await client.AskAsync("SET a old");
        var meddled = 0;
        gateway.Router.Before = async (_, batch) =>
        {
            if (Encoding.ASCII.GetString(batch.Commands[0][0]) == InternalCommands.Store && Interlocked.Exchange(ref meddled, 1) == 0)
            {
                await other.AskAsync("SET a new");
            }
        };

        Assert.Equal("\"OK\"", await client.AskTextAsync("RENAME a b"));
        Assert.Equal("Array[(nil), \"new\"]", await client.AskTextAsync("MGET a b"));
    }

    [Fact]
    public async Task A_failure_during_a_rename_loses_nothing()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        await client.AskAsync("SET a value");
        gateway.Router.Before = (_, batch) => Encoding.ASCII.GetString(batch.Commands[0][0]) == InternalCommands.Swap ? throw new TimeoutException("the shard is gone") : Task.CompletedTask;

        var reply = await client.AskAsync("RENAME a b");

        Assert.True(reply.IsError);
        gateway.Router.Before = null;
        Assert.Equal("\"value\"", await client.AskTextAsync("GET a"));
    }

    [Fact]
    public async Task A_shard_that_fails_gives_errors_to_its_own_commands_only()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 4);
        using var client = await gateway.ConnectAsync();
        var failing = HashSlot.ToShard(HashSlot.Of("a"u8), 4);
        gateway.Router.Before = (shard, _) => shard == failing ? throw new InvalidOperationException("broken") : Task.CompletedTask;

        var replies = await client.PipelineAsync("GET a", "GET b", "PING");

        Assert.NotEqual(failing, HashSlot.ToShard(HashSlot.Of("b"u8), 4));
        Assert.True(replies[0].IsError);
        Assert.True(replies[1].IsNull);
        Assert.Equal("PONG", replies[2].Text);
    }

    [Fact]
    public async Task Nulls_and_maps_are_written_in_the_protocol_that_HELLO_chose()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(RespClient.Encode("QUIT"));
        Assert.Equal("+OK\r\n", await client.ReadToEndAsync());

        using var third = await gateway.ConnectAsync();
        await third.SendAsync(new byte[][] { RespClient.Encode("GET x"), RespClient.Encode("HELLO 3"), RespClient.Encode("GET x"), RespClient.Encode("CONFIG GET port"), RespClient.Encode("RESET"), RespClient.Encode("GET x"), RespClient.Encode("QUIT") }.SelectMany(bytes => bytes).ToArray());
        var text = await third.ReadToEndAsync();

        Assert.StartsWith("$-1\r\n%7\r\n$6\r\nserver\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("_\r\n%1\r\n$4\r\nport\r\n$4\r\n9221\r\n+RESET\r\n$-1\r\n+OK\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_cluster_keys_are_not_served_and_the_connection_is()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 0);
        using var client = await gateway.ConnectAsync();
        Assert.Equal("(error) LOADING This node has not joined its cluster yet", await client.AskTextAsync("GET a"));
        Assert.Equal("(error) LOADING This node has not joined its cluster yet", await client.AskTextAsync("DBSIZE"));
        Assert.Equal("\"PONG\"", await client.AskTextAsync("PING"));
    }

    [Fact]
    public async Task Values_of_many_megabytes_go_in_and_out_unchanged()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        var value = new byte[40 << 20];
        new Random(7).NextBytes(value);

        await client.SendAsync(RespClient.Encode("SET"u8.ToArray(), "big"u8.ToArray(), value));
        Assert.Equal("OK", (await client.ReadAsync()).Text);
        await client.SendAsync(RespClient.Encode("GET big"));
        var back = await client.ReadAsync();

        Assert.Equal(RespKind.BulkString, back.Kind);
        Assert.True(back.Bytes.Span.SequenceEqual(value));
    }
}
