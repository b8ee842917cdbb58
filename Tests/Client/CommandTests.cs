using System.Text.Json;

namespace Sluice.Tests.Client;

/// <summary>What a person or a script sees of each command.</summary>
public sealed class CommandTests
{
    private readonly FakeCluster cluster = new();

    [Fact]
    public async Task Set_and_get_bring_a_value_there_and_back_byte_for_byte()
    {
        Assert.Equal((0, "OK\n"), Result(await RunAsync("set", "key", "value")));
        Assert.Equal((0, "value"), Result(await RunAsync("get", "key")));
        Assert.Equal((0, "1 deleted\n"), Result(await RunAsync("del", "key", "other")));
    }

    [Fact]
    public async Task Get_of_no_key_says_so_and_fails()
    {
        var run = await RunAsync("get", "nothing");

        Assert.Equal((1, "", "sluice: There is no key 'nothing'.\n"), (run.Status, run.Output, run.Error));
    }

    [Fact]
    public async Task Get_as_JSON_carries_text_as_text_and_bytes_as_base64()
    {
        await RunAsync("set", "text", "grün");

        var found = JsonDocument.Parse((await RunAsync("get", "text", "--json")).Output).RootElement;
        Assert.Equal(("grün", "utf8", true), (found.GetProperty("value").GetString(), found.GetProperty("encoding").GetString(), found.GetProperty("found").GetBoolean()));
        var missing = await RunAsync("get", "nothing", "--json");
        Assert.Equal(1, missing.Status);
        Assert.False(JsonDocument.Parse(missing.Output).RootElement.GetProperty("found").GetBoolean());
    }

    [Theory]
    [InlineData("There is no command 'foo'", "foo")]
    [InlineData("A command is missing: choose one of add", "replica")]
    [InlineData("Required argument 'KEY' missing", "get")]
    [InlineData("--ttl 'soon' is no time", "set", "k", "v", "--ttl", "soon")]
    [InlineData("--if-absent and --if-present exclude each other", "set", "k", "v", "--if-absent", "--if-present")]
    [InlineData("--ingress 'fast' is no size", "bandwidth", "limit", "A", "--ingress", "fast")]
    [InlineData("--syncs '0' is out of range", "bandwidth", "limit", "A", "--syncs", "0")]
    [InlineData("'x' is no shard", "replica", "add", "B", "--shards", "1,x")]
    [InlineData("--force needs --from NODE", "replica", "add", "B", "--force")]
    [InlineData("'nowhere:0' is no endpoint", "get", "k", "--connect", "nowhere:0")]
    [InlineData("There is no directory '/no/such/directory'", "load", "/no/such/directory")]
    [InlineData("Unrecognized command or argument '--colour'", "sync", "list", "--colour")]
    public async Task A_wrong_command_line_is_one_sentence_and_status_2(string sentence, params string[] args)
    {
        var run = await RunAsync(args);

        Assert.Equal(2, run.Status);
        Assert.StartsWith("sluice: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task An_order_that_the_cluster_refuses_is_its_sentence_and_status_1()
    {
        var run = await RunAsync("replica", "promote", "B");

        Assert.Equal((1, "sluice: Replica 0@B is not live.\n"), (run.Status, run.Error));
    }

    [Fact]
    public async Task Replicas_are_added_and_listed()
    {
        Assert.Contains("B holds 2 more shards now: 0, 1", (await RunAsync("replica", "add", "B", "--shards", "0-1")).Output, StringComparison.Ordinal);

        var list = await RunAsync("replica", "list", "--node", "B");
        Assert.Equal(3, list.Output.TrimEnd('\n').Split('\n').Length);
        Assert.Contains("1@B", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sync_list_without_syncs_says_how_to_make_one() =>
        Assert.Contains("sluice replica add", (await RunAsync("sync", "list")).Output, StringComparison.Ordinal);

    [Fact]
    public async Task A_watch_until_live_ends_with_status_0_and_no_escape_codes()
    {
        cluster.NodeAt("B").Syncs = [Sync(0, SyncState.Live, 100, 100), Sync(1, SyncState.Live, 100, 100)];

        var run = await RunAsync("sync", "watch", "--until-live", "--interval", "10ms");

        Assert.Equal(0, run.Status);
        Assert.Contains("syncs: 2 live; 200 B (100 %)", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task A_watch_as_JSON_is_one_object_a_line()
    {
        cluster.NodeAt("B").Syncs = [Sync(0, SyncState.Live, 100, 100)];

        var run = await RunAsync("sync", "watch", "--until-live", "--json");

        var line = Assert.Single(run.Output.TrimEnd('\n').Split('\n'));
        Assert.Equal("live", JsonDocument.Parse(line).RootElement.GetProperty("syncs")[0].GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_terminal_gets_a_table_with_bars()
    {
        cluster.NodeAt("B").Syncs = [Sync(0, SyncState.Copying, 50, 100), Sync(1, SyncState.Live, 100, 100)];

        var run = await CommandRun.OnAsync(cluster, isTerminal: true, "sync", "list");

        Assert.Contains("━━", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 2 live", run.Output, StringComparison.Ordinal);
        Assert.Contains("copying", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_copy_is_shown_as_paused_with_the_reason()
    {
        cluster.NodeAt("B").Syncs = [Sync(0, SyncState.Copying, 50, 100) with { IsPaused = true, Detail = "paused until it is resumed" }];

        Assert.Matches(@"0@B\s+A\s+paused\s+50 B\s+100 B.*paused until it is resumed", (await RunAsync("sync", "list")).Output);
        Assert.Matches(@"0@B.*paused", (await CommandRun.OnAsync(cluster, isTerminal: true, "sync", "list")).Output);
    }

    [Fact]
    public async Task Bandwidth_limits_are_set_and_shown()
    {
        Assert.Equal(
            "A: receives 20.0 MiB/s, sends no limit, at most 2 full copies at once; headroom auto, adds at most 10 ms of queue, floor 64.0 KiB/s, stalled after 1000 ms.\n",
            (await RunAsync("bandwidth", "limit", "A", "--ingress", "20mb")).Output);
    }

    [Fact]
    public async Task Bandwidth_show_names_each_flow_with_its_grant_and_the_reason()
    {
        var flow = new FlowId(FlowKind.Snapshot, "A", new ReplicaKey(3, "B"));
        cluster.BrokerGrain.Status = new BandwidthStatus
        {
            Nodes = [new NodeBandwidthReport { Node = "A", Flows = [new FlowReport { Flow = flow, Class = "normal", BytesPerSecond = 5 << 20, SentBytes = 9 << 20 }] }],
            Grants = [new FlowGrant(flow, 10 << 20, "half of B's limit")],
            Queued = [new ReplicaKey(4, "B")],
        };

        var output = (await RunAsync("bandwidth", "show")).Output;

        Assert.Contains("snapshot A -> 3@B", output, StringComparison.Ordinal);
        Assert.Contains("10.0 MiB/s", output, StringComparison.Ordinal);
        Assert.Contains("half of B's limit", output, StringComparison.Ordinal);
        Assert.Contains("1 waiting (4@B)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_down_is_listed_as_down()
    {
        cluster.NodeAt("B").Failure = new TimeoutException("No answer.");

        var output = (await RunAsync("node", "list")).Output;

        Assert.Contains("Node 'B' does not answer", output, StringComparison.Ordinal);
        Assert.Matches(@"B\s+down", output);
    }

    [Fact]
    public async Task Digests_that_differ_in_a_shard_fail_and_name_it()
    {
        await RunAsync("replica", "add", "B");
        Assert.Equal(0, (await RunAsync("digest", "A", "B")).Status);
        await RunAsync("set", "key", "value");
        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);

        var run = await RunAsync("digest");

        Assert.Equal(1, run.Status);
        Assert.Contains($"DIFFERENT in 1 of 4 shards: {shard}.", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("node", "list")]
    [InlineData("replica", "list")]
    [InlineData("replica", "add", "B")]
    [InlineData("replica", "add", "B", "--from", "A")]
    [InlineData("replica", "remove", "B")]
    [InlineData("sync", "list")]
    [InlineData("bandwidth", "show")]
    [InlineData("bandwidth", "limit", "A")]
    [InlineData("digest", "A")]
    [InlineData("set", "k", "v")]
    public async Task Every_command_writes_one_JSON_value_on_request(params string[] args)
    {
        var run = await RunAsync([.. args, "--json"]);

        Assert.Equal((0, ""), (run.Status, run.Error));
        JsonDocument.Parse(run.Output);
    }

    private static SyncProgress Sync(int shard, SyncState state, long received, long total) =>
        new() { Replica = new ReplicaKey(shard, "B"), Source = "A", State = state, ReceivedBytes = received, TotalBytes = total, BytesPerSecond = state == SyncState.Copying ? 25 : 0 };

    private static (int, string) Result(CommandRun run) => (run.Status, run.Output);

    private Task<CommandRun> RunAsync(params string[] args) => CommandRun.OnAsync(cluster, args);
}
