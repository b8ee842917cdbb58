using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Sluice.Tests.Cluster;

public sealed class FullCopyTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_replica_copies_in_full_while_the_primary_is_written_and_ends_with_equal_digests()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 4);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, "before", 2_000, 512);

        Assert.Equal("OK", (await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}")).Text);
        await WriteAsync(a, "during", 2_000, 512);
        await nodes.LiveAsync(1, Bound);
        await WriteAsync(a, "after", 500, 64);
        var last = await a.SendAsync("INCR counter");
        await Eventually.IsTrueAsync("the last write on the replica", Bound, async () => (await b.SendAsync("GET counter")).Text == last.Text);
        await nodes.LiveAsync(1, Bound);

        var primary = await nodes.DigestsAsync(0);
        var replica = await nodes.DigestsAsync(1);
        Assert.Equal(primary.Select(d => (d.Keys, d.Bytes, d.Sha256)), replica.Select(d => (d.Keys, d.Bytes, d.Sha256)));
        Assert.Equal(4_501, primary.Sum(digest => digest.Keys));
    }

    [Fact]
    public async Task Writes_on_a_replica_are_refused_and_reads_are_served()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await a.SendAsync("SET color blue");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        Assert.StartsWith("READONLY", (await b.SendAsync("SET color red")).Text, StringComparison.Ordinal);
        Assert.Equal("blue", (await b.SendAsync("GET color")).Text);
    }

    [Fact]
    public async Task A_node_without_a_replica_passes_commands_on_to_the_primary()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);

        Assert.Equal("OK", (await b.SendAsync("SET via b")).Text);
        Assert.Equal("b", (await a.SendAsync("GET via")).Text);
    }

    [Fact]
    public async Task A_restarted_replica_goes_on_with_the_log_and_copies_nothing_again()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await WriteAsync(a, "first", 1_000, 256);
        await using (var b = await nodes.ConnectAsync(1))
        {
            await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
            await nodes.LiveAsync(1, Bound);
        }

        await nodes.StopNodeAsync(1);
        await WriteAsync(a, "second", 1_000, 256);
        await nodes.StartNodeAsync(1);
        await nodes.LiveAsync(1, Bound);

        Assert.Equal((await nodes.DigestsAsync(0)).Select(d => d.Sha256), (await nodes.DigestsAsync(1)).Select(d => d.Sha256));
        var report = await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport();
        Assert.All(report.Syncs, sync => Assert.Equal(0, sync.FullCopies));
    }

    [Fact]
    public async Task REPLICAOF_of_an_address_that_no_node_has_is_refused_with_the_known_ones()
    {
        await using var nodes = await NodesUnderTest.StartAsync(1, shards: 1);
        await using var a = await nodes.ConnectAsync(0);

        var reply = await a.SendAsync("REPLICAOF 127.0.0.1 1");

        Assert.True(reply.IsError);
        Assert.Contains($"a = 127.0.0.1:{nodes.Settings(0).Port}", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task REPLICAOF_NO_ONE_makes_a_live_replica_the_primary_and_the_old_primary_its_replica()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, "key", 200, 64);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        Assert.Equal("OK", (await b.SendAsync("REPLICAOF NO ONE")).Text);

        Assert.Equal("OK", (await b.SendAsync("SET now primary")).Text);
        await Eventually.IsTrueAsync("the old primary refuses writes", Bound, async () => (await a.SendAsync("SET x y")).Text.StartsWith("READONLY", StringComparison.Ordinal));
        await nodes.LiveAsync(0, Bound);
        Assert.Equal((await nodes.DigestsAsync(1)).Select(d => d.Sha256), (await nodes.DigestsAsync(0)).Select(d => d.Sha256));
    }

    [Fact]
    public async Task A_replica_of_a_primary_with_a_password_copies_only_with_the_right_masterauth()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, "key", 10, 64);
        await a.SendAsync("CONFIG SET requirepass open-sesame");

        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        var refused = await Eventually.GetAsync("the copy is refused", Bound, async () =>
            (await nodes.Grains(1).GetGrain<ISyncGrain>("0@b").GetProgress()) is { LastError.Length: > 0 } progress ? progress : null);
        Assert.Contains("masterauth of b must be the requirepass of a", refused.LastError, StringComparison.Ordinal);

        await b.SendAsync("CONFIG SET masterauth open-sesame");
        await nodes.LiveAsync(1, Bound);
        Assert.Equal(10, (await nodes.DigestsAsync(1)).Single().Keys);
    }

    [Fact]
    public async Task WAIT_counts_the_replicas_that_made_the_write_durable()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        await a.SendAsync("SET waited for");

        Assert.Equal(1, (await a.SendAsync("WAIT 1 20000")).Integer);
        Assert.Equal("for", (await b.SendAsync("GET waited")).Text);
        Assert.Equal(1, (await a.SendAsync("WAIT 2 50")).Integer);
    }

    [Fact]
    public async Task A_throttle_that_is_set_while_a_copy_runs_reaches_its_flow()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await WriteAsync(a, "key", 200, 100_000);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 1mb");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await GrantAsync(1 << 20, Bound);

        await b.SendAsync("CONFIG SET throttle-bytes-per-second 3mb");

        await GrantAsync(3 << 20, Bound);

        Task GrantAsync(long wanted, TimeSpan bound) => Eventually.IsTrueAsync($"the flow is paced at {wanted}", bound, async () =>
            (await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetStatus()).Nodes.SelectMany(node => node.Flows)
                .Any(flow => flow.Flow.Kind == FlowKind.Snapshot && flow.PacingBytesPerSecond == wanted));
    }

    [Fact]
    public async Task A_sync_is_one_trace_whose_spans_follow_its_states_on_both_nodes()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            // Orleans carries a trace from call to call by spans of its own; without a listener it does not.
            ShouldListenTo = source => source.Name is SluiceTelemetry.Name or "Microsoft.Orleans.Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var b = await nodes.ConnectAsync(1);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        // Other tests of this process may run copies at the same time: one trace of ours is enough.
        var traces = spans.ToLookup(span => span.TraceId, span => $"{span.OperationName} {span.GetTagItem("sluice.node")}");
        string[] expected = ["sync pending b", "sync opening b", "sync opening a", "sync copying b", "sync verifying b", "sync installing b", "sync b"];
        Assert.Contains(traces, trace => expected.All(trace.Contains));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_node_stops_in_the_middle_of_a_copy_without_waiting_for_it(int stopped)
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using (var a = await nodes.ConnectAsync(0))
        {
            await WriteAsync(a, "key", 200, 100_000);
        }

        await using (var b = await nodes.ConnectAsync(1))
        {
            await b.SendAsync("CONFIG SET throttle-bytes-per-second 1mb");
            await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        }

        await Eventually.IsTrueAsync("a copy under way", Bound, async () =>
            (await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport()).Syncs.Any(sync => sync is { State: SyncState.Copying, ReceivedBytes: > 0 }));

        await nodes.StopNodeAsync(stopped).WaitAsync(TimeSpan.FromSeconds(15));
    }

    internal static async Task WriteAsync(RedisConnection connection, string prefix, int count, int valueBytes)
    {
        var random = new Random(count);
        foreach (var part in Enumerable.Range(0, count).Chunk(200))
        {
            var replies = await connection.PipelineAsync([.. part.Select(n =>
            {
                var value = new byte[valueBytes];
                random.NextBytes(value);
                return new[] { "SET"u8.ToArray(), Encoding.UTF8.GetBytes($"{prefix}:{n}"), value };
            })]);
            Assert.All(replies, reply => Assert.Equal("OK", reply.Text));
        }
    }
}
