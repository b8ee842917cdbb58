using System.Text;
using Microsoft.Extensions.Options;
using Sluice.Client;

namespace Sluice.Tests.Client;

public sealed class SluiceClientTests
{
    private readonly FakeCluster cluster = new();
    private readonly ISluiceClient client;

    public SluiceClientTests() => client = new SluiceClient(cluster, Options.Create(new SluiceClientOptions { Retries = 2 }), TimeProvider.System);

    [Fact]
    public async Task A_value_that_was_set_is_read_from_the_primary_of_its_shard()
    {
        Assert.True(await client.Strings.SetAsync("key", "value"));

        Assert.Equal("value", Encoding.UTF8.GetString((await client.Strings.GetAsync("key"))!));
        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);
        Assert.Equal([["SET key value"], ["GET key"]], cluster.ShardAt(shard, "A").Batches);
    }

    [Fact]
    public async Task A_key_that_does_not_exist_is_null() => Assert.Null(await client.Strings.GetAsync("nothing"));

    [Fact]
    public async Task Many_keys_go_to_each_shard_in_one_call_and_come_back_in_order()
    {
        var keys = Enumerable.Range(0, 100).Select(i => $"key{i}").ToArray();
        await client.Strings.SetManyAsync([.. keys.Where((_, i) => i % 3 != 0).Select(key => KeyValuePair.Create<SluiceBytes, SluiceBytes>(key, $"v-{key}"))]);

        var values = await client.Strings.GetManyAsync([.. keys.Select(SluiceBytes.FromString)]);

        Assert.Equal(keys.Select((key, i) => i % 3 == 0 ? null : $"v-{key}"), values.Select(value => value is null ? null : Encoding.UTF8.GetString(value)));
        Assert.All(Enumerable.Range(0, FakeCluster.ShardCount), shard => Assert.Equal(2, cluster.ShardAt(shard, "A").Batches.Count));
    }

    [Fact]
    public async Task Large_values_are_split_into_calls_of_bounded_size()
    {
        var value = new string('x', 700_000);
        await client.Strings.SetManyAsync([.. Enumerable.Range(0, 4).Select(i => KeyValuePair.Create<SluiceBytes, SluiceBytes>($"{{tag}}{i}", value))]);

        var shard = HashSlot.ToShard(HashSlot.Of("{tag}"u8), FakeCluster.ShardCount);
        Assert.Equal([2, 2], cluster.ShardAt(shard, "A").Batches.Select(batch => batch.Length));
    }

    [Fact]
    public async Task A_write_refused_as_READONLY_goes_to_the_new_primary()
    {
        await client.Strings.SetAsync("key", "old");
        cluster.MovePrimary("B");

        Assert.True(await client.Strings.SetAsync("key", "new"));

        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);
        Assert.Equal([["SET key new"]], cluster.ShardAt(shard, "B").Batches);
        Assert.Equal(2, cluster.TopologyGrain.Asked);
    }

    [Fact]
    public async Task A_shard_that_stays_unavailable_is_asked_a_few_times_and_then_named()
    {
        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);
        cluster.ShardAt(shard, "A").Failure = new ShardUnavailableException("It is closed.");

        var error = await Assert.ThrowsAsync<SluiceException>(() => client.Strings.GetAsync("key"));

        Assert.Contains($"{shard}@A: It is closed.", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, cluster.ShardAt(shard, "A").Batches.Count);
    }

    [Fact]
    public async Task A_call_that_was_not_answered_is_never_repeated()
    {
        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);
        cluster.ShardAt(shard, "A").Failure = new TimeoutException("No answer within 30 s.");

        await Assert.ThrowsAsync<SluiceUnreachableException>(() => client.Strings.SetAsync("key", "value"));

        Assert.Single(cluster.ShardAt(shard, "A").Batches);
    }

    [Fact]
    public async Task A_commands_error_reply_is_an_exception_with_its_code()
    {
        var error = await Assert.ThrowsAsync<SluiceCommandException>(() => client.Strings.IncrementAsync("key"));

        Assert.Equal("ERR", error.Code);
        Assert.Equal("ERR value is not an integer or out of range", error.Message);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_false()
    {
        await client.Strings.SetAsync("key", "first");

        Assert.False(await client.Strings.SetAsync("key", "second", new SetOptions { Condition = SetCondition.IfAbsent }));
    }

    [Fact]
    public async Task An_expiry_reaches_the_shard_in_milliseconds()
    {
        await client.Strings.SetAsync("key", "v", new SetOptions { ExpireAfter = TimeSpan.FromSeconds(1.5), Condition = SetCondition.IfPresent });

        var shard = HashSlot.ToShard(HashSlot.Of("key"u8), FakeCluster.ShardCount);
        Assert.Equal([["SET key v PX 1500 XX"]], cluster.ShardAt(shard, "A").Batches);
    }

    [Fact]
    public async Task Two_expiries_at_once_are_refused_before_anything_is_sent()
    {
        await Assert.ThrowsAsync<SluiceException>(() => client.Strings.SetAsync("key", "v", new SetOptions { ExpireAfter = TimeSpan.FromSeconds(1), KeepExpiry = true }));

        Assert.All(Enumerable.Range(0, FakeCluster.ShardCount), shard => Assert.Empty(cluster.ShardAt(shard, "A").Batches));
    }

    [Fact]
    public async Task A_value_too_large_for_a_call_is_refused_by_name()
    {
        var error = await Assert.ThrowsAsync<SluiceException>(() => client.Strings.SetAsync("film", new byte[SluiceClientOptions.MaxValueBytes + 1]));

        Assert.Contains("'film'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_without_nodes_says_so()
    {
        cluster.TopologyGrain.Current = new ClusterTopology();

        var error = await Assert.ThrowsAsync<SluiceException>(() => client.Strings.GetAsync("key"));

        Assert.Contains("no node has joined", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adding_replicas_names_only_the_shards_that_are_new()
    {
        Assert.Equal([1, 2], await client.Replicas.AddAsync("B", [2, 1]));
        Assert.Equal([0, 3], await client.Replicas.AddAsync("B"));
        Assert.Empty(await client.Replicas.AddAsync("B"));
        Assert.Empty(await client.Replicas.AddAsync("A"));
    }

    [Fact]
    public async Task A_shard_that_the_cluster_does_not_have_is_refused()
    {
        var error = await Assert.ThrowsAsync<SluiceException>(() => client.Replicas.AddAsync("B", [4]));

        Assert.Equal("There is no shard 4: the cluster has shards 0 to 3.", error.Message);
    }

    [Fact]
    public async Task Following_a_node_orders_it_by_its_RESP_address()
    {
        await client.Replicas.FollowAsync("B", "A", force: true);

        Assert.Equal([new ReplicaOfOrder("127.0.0.1", 9221, true)], cluster.NodeAt("B").Orders);
    }

    [Fact]
    public async Task A_node_that_nobody_knows_is_refused_with_the_names_of_those_that_are_known()
    {
        var error = await Assert.ThrowsAsync<UnknownNodeException>(() => client.Nodes.GetReportAsync("C"));

        Assert.Equal("There is no node 'C': the cluster has A, B.", error.Message);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_listed_with_the_reason()
    {
        cluster.NodeAt("B").Failure = new TimeoutException("No answer within 30 s.");

        var nodes = await client.Nodes.ListAsync();

        Assert.NotNull(nodes[0].Report);
        Assert.Null(nodes[1].Report);
        Assert.Equal("Node 'B' does not answer: No answer within 30 s.", nodes[1].Problem);
    }

    [Fact]
    public async Task A_watch_goes_on_when_a_node_does_not_answer_and_sees_it_come_back()
    {
        cluster.NodeAt("B").Failure = new TimeoutException("No answer.");
        List<SyncSnapshot> seen = [];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        await foreach (var snapshot in client.Syncs.WatchAsync("B", TimeSpan.FromMilliseconds(1), limit.Token))
        {
            seen.Add(snapshot);
            if (snapshot.AllLive)
            {
                break;
            }

            cluster.NodeAt("B").Failure = null;
            cluster.NodeAt("B").Syncs = [new SyncProgress { Replica = new ReplicaKey(0, "B"), State = SyncState.Live }];
        }

        Assert.Equal(2, seen.Count);
        Assert.Equal("Node 'B' does not answer: No answer.", Assert.Single(seen[0].Problems));
    }

    [Fact]
    public async Task Limits_that_are_not_given_stay()
    {
        await client.Bandwidth.SetLimitsAsync("A", new BandwidthLimits { IngressBytesPerSecond = 20 << 20 });
        await client.Bandwidth.SetLimitsAsync("A", new BandwidthLimits { MaxConcurrentSyncs = 2 });

        var all = new BandwidthLimits
        {
            IngressBytesPerSecond = 20 << 20,
            EgressBytesPerSecond = 0,
            MaxConcurrentSyncs = 2,
            HeadroomPercent = NodeBandwidthReport.AutoHeadroom,
            TargetQueueDelay = TimeSpan.FromMilliseconds(10),
            FloorBytesPerSecond = 64 << 10,
            StallTimeout = TimeSpan.FromSeconds(1),
        };
        Assert.Equal(all, await client.Bandwidth.GetLimitsAsync("A"));
        await client.Bandwidth.SetLimitsAsync("A", all with { TargetQueueDelay = TimeSpan.FromMilliseconds(25), HeadroomPercent = 0 });
        Assert.Equal((TimeSpan.FromMilliseconds(25), 0), ((await client.Bandwidth.GetLimitsAsync("A")).TargetQueueDelay, (await client.Bandwidth.GetLimitsAsync("A")).HeadroomPercent));
        await client.Bandwidth.SetLimitsAsync("A", new BandwidthLimits { HeadroomPercent = NodeBandwidthReport.AutoHeadroom });
        Assert.Equal(NodeBandwidthReport.AutoHeadroom, (await client.Bandwidth.GetLimitsAsync("A")).HeadroomPercent);
    }

    [Fact]
    public async Task Orders_for_syncs_and_classes_are_the_policy()
    {
        var replica = new ReplicaKey(1, "B");
        var until = cluster.BrokerGrain.Now.AddHours(1);
        await client.Syncs.PauseAsync(replica, until);
        Assert.Equal(new SyncPolicy { Replica = replica, Class = QosClass.Background, LimitBytesPerSecond = 1000, IsPaused = true, PausedUntil = until }, await client.Syncs.SetAsync(replica, new SyncTerms { Class = QosClass.Background, LimitBytesPerSecond = 1000 }));
        await client.Syncs.ResumeAsync(replica);
        await client.Syncs.PauseAllAsync();
        Assert.Equal(new QosClassTerms(QosClass.Urgent, 0, 5000, 16), await client.Bandwidth.SetClassAsync(QosClass.Urgent, new QosClassChange { LimitBytesPerSecond = 5000 }));

        var policy = await client.Bandwidth.GetPolicyAsync();
        Assert.True(policy.IsPaused);
        Assert.Equal(new SyncPolicy { Replica = replica, Class = QosClass.Background, LimitBytesPerSecond = 1000 }, Assert.Single(policy.Syncs));
        await client.Syncs.ResumeAllAsync();
        Assert.False((await client.Bandwidth.GetPolicyAsync()).IsPaused);

        await Assert.ThrowsAsync<UnknownNodeException>(() => client.Syncs.PauseAsync(new ReplicaKey(1, "Z")));
        await Assert.ThrowsAsync<SluiceException>(() => client.Syncs.ResumeAsync(new ReplicaKey(FakeCluster.ShardCount, "B")));
        await Assert.ThrowsAsync<OrderRefusedException>(() => client.Syncs.SetAsync(replica, new SyncTerms { Class = "fast" }));
        await Assert.ThrowsAsync<OrderRefusedException>(() => client.Syncs.PauseAsync(replica, cluster.BrokerGrain.Now));
    }

    [Fact]
    public async Task A_nodes_digest_covers_its_shards_and_changes_with_any_of_them()
    {
        var before = await client.Nodes.ComputeDigestAsync("A");
        await client.Strings.SetAsync("key", "value");
        var after = await client.Nodes.ComputeDigestAsync("A");

        Assert.Equal([0, 1, 2, 3], after.Shards.Select(item => item.Shard));
        Assert.Equal((1, 5), (after.Keys, after.Bytes));
        Assert.NotEqual(before.Sha256, after.Sha256);
    }
}
