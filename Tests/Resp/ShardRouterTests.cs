using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Tests.Resp;

/// <summary>Whom the router asks, and what it does when the answer shows that its picture was old.</summary>
public class ShardRouterTests
{
    private static readonly ReplyBatch Good = new() { Bytes = "+OK\r\n"u8.ToArray(), Ends = [5], WrittenSequence = 7 };
    private static readonly ReplyBatch Refused = Error("-READONLY You can't write against a read only replica.\r\n");

    private readonly ManualTimeProvider time = new();
    private readonly FakeNode topology = new();
    private readonly Dictionary<string, Func<ReplyBatch>> replicas = new(StringComparer.Ordinal);
    private readonly List<string> asked = [];

    [Fact]
    public async Task The_primary_is_asked_when_this_node_holds_no_replica_and_its_own_replica_otherwise()
    {
        replicas["0@a"] = () => Good;
        replicas["0@b"] = () => Good;
        using var router = Router(FakeNode.Topology(1, "a"));
        await router.ExecuteAsync(0, Batch("SET"));
        topology.Show(FakeNode.Topology(1, "a", "b"));
        await router.ExecuteAsync(0, Batch("SET"));
        Assert.Equal(["0@a", "0@b"], asked);
    }

    [Fact]
    public async Task READONLY_of_this_nodes_own_replica_is_the_answer()
    {
        replicas["0@b"] = () => Refused;
        using var router = Router(FakeNode.Topology(1, "a", "b"));
        Assert.Same(Refused, await router.ExecuteAsync(0, Batch("SET")));
        Assert.Single(asked);
    }

    [Fact]
    public async Task Commands_are_sent_to_the_new_primary_when_the_old_one_refuses_to_write()
    {
        replicas["0@a"] = () => Refused;
        replicas["0@c"] = () => Good;
        using var router = Router(FakeNode.Topology(1, "a"));
        topology.Newer = () => FakeNode.Topology(1, "c");
        Assert.Same(Good, await RunAsync(router.ExecuteAsync(0, Batch("SET"))));
        Assert.Equal(["0@a", "0@c"], asked);
    }

    [Fact]
    public async Task Commands_are_sent_again_while_a_shard_is_not_available()
    {
        var failures = 3;
        replicas["0@a"] = () => failures-- > 0 ? throw new ShardUnavailableException("not open yet") : Good;
        using var router = Router(FakeNode.Topology(1, "a"));
        Assert.Same(Good, await RunAsync(router.ExecuteAsync(0, Batch("SET"))));
        Assert.Equal(4, asked.Count);
    }

    [Fact]
    public async Task A_shard_that_stays_unavailable_gives_an_error_for_each_command_within_seconds()
    {
        replicas["0@a"] = () => throw new ShardUnavailableException("its disk is full");
        using var router = Router(FakeNode.Topology(1, "a"));
        var began = time.GetUtcNow();
        var replies = await RunAsync(router.ExecuteAsync(0, Batch("GET", "SET")));
        Assert.Equal("-CLUSTERDOWN Shard 0 is not available: its disk is full\r\n-CLUSTERDOWN Shard 0 is not available: its disk is full\r\n", Encoding.UTF8.GetString(replies.Bytes));
        Assert.Equal(2, replies.Ends.Length);
        Assert.InRange(time.GetUtcNow() - began, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_write_that_may_have_been_executed_is_not_sent_again()
    {
        replicas["0@a"] = () => throw new TimeoutException("no answer");
        using var router = Router(FakeNode.Topology(1, "a"));
        var replies = await RunAsync(router.ExecuteAsync(0, Batch("GET", "INCR")));
        Assert.Single(asked);
        Assert.StartsWith("-CLUSTERDOWN Node 'a' of shard 0 did not answer; writes may or may not have been executed", Encoding.UTF8.GetString(replies.Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_is_sent_again_when_no_answer_came()
    {
        var failures = 1;
        replicas["0@a"] = () => failures-- > 0 ? throw new TimeoutException("no answer") : Good;
        using var router = Router(FakeNode.Topology(1, "a"));
        Assert.Same(Good, await RunAsync(router.ExecuteAsync(0, Batch("GET", "MGET"))));
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public async Task A_batch_that_wrote_before_it_was_refused_is_not_sent_again()
    {
        var mixed = new ReplyBatch { Bytes = [.. "+OK\r\n"u8, .. Refused.Bytes], Ends = [5, 5 + Refused.Bytes.Length], WrittenSequence = 3 };
        replicas["0@a"] = () => mixed;
        using var router = Router(FakeNode.Topology(1, "a"));
        Assert.Same(mixed, await router.ExecuteAsync(0, Batch("SET", "SET")));
        Assert.Single(asked);
    }

    private static CommandBatch Batch(params string[] names) =>
        new() { Commands = [.. names.Select(name => new[] { Encoding.ASCII.GetBytes(name), "a"u8.ToArray() })] };

    private static ReplyBatch Error(string text) => new() { Bytes = Encoding.ASCII.GetBytes(text), Ends = [text.Length] };

    /// <summary>Lets the clock run as long as the router waits.</summary>
    private async Task<ReplyBatch> RunAsync(ValueTask<ReplyBatch> call)
    {
        var task = call.AsTask();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!task.IsCompleted)
        {
            Assert.False(bound.IsCancellationRequested, "the router did not answer within 20 s of real time");
            time.AdvanceToNext();
            await Task.Yield();
        }

        return await task;
    }

    private ShardRouter Router(ClusterTopology first)
    {
        topology.Show(first);
        var factory = DispatchProxy.Create<IGrainFactory, Proxy>();
        ((Proxy)(object)factory).Called = (method, arguments) =>
        {
            Assert.Equal("GetGrain", method.Name);
            var key = (string)arguments[0]!;
            var grain = DispatchProxy.Create<IShardGrain, Proxy>();
            ((Proxy)(object)grain).Called = (called, _) => called.Name == "Execute" ? new ValueTask<ReplyBatch>(Execute(key)) : throw new InvalidOperationException(called.Name);
            return grain;
        };
        return new ShardRouter(topology, factory, Options.Create(new NodeOptions { Name = "b" }), time, NullLogger<ShardRouter>.Instance);
    }

    private async Task<ReplyBatch> Execute(string key)
    {
        asked.Add(key);
        await Task.CompletedTask;
        return replicas[key]();
    }

    public class Proxy : DispatchProxy
    {
        public Func<MethodInfo, object?[], object?> Called { get; set; } = (_, _) => null;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Called(targetMethod!, args ?? []);
    }
}
