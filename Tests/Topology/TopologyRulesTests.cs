using Sluice.Topology;

namespace Sluice.Tests.Topology;

public sealed class TopologyRulesTests
{
    private static readonly NodeAddress A = new("a", "127.0.0.1", 9221, 9321);
    private static readonly NodeAddress B = new("b", "127.0.0.1", 9222, 9322);
    private static readonly ClusterTopology Two = TopologyRules.Join(TopologyRules.Join(new ClusterTopology(), A, 4, Guid.Empty, Guid.NewGuid), B, 4, Guid.Empty, Guid.NewGuid);

    [Fact]
    public void The_first_node_becomes_primary_of_all_shards_at_epoch_1()
    {
        Assert.Equal(4, Two.Shards.Length);
        Assert.All(Two.Shards, shard => Assert.Equal((ReplicaRole.Primary, 1L), (shard.RoleOf("a"), shard.Epoch)));
        Assert.All(Two.Shards, shard => Assert.Equal(ReplicaRole.None, shard.RoleOf("b")));
    }

    [Fact]
    public void A_node_that_joins_again_with_the_same_address_changes_nothing() => Assert.Same(Two, TopologyRules.Join(Two, B, 4, Guid.Empty, Guid.NewGuid));

    [Fact]
    public void A_node_that_moved_is_known_by_its_new_address_only()
    {
        var moved = TopologyRules.Join(Two, B with { Host = "127.0.0.2" }, 4, Guid.Empty, Guid.NewGuid);

        Assert.Equal("127.0.0.2", moved.FindNode("b")!.Host);
        Assert.Equal(2, moved.Nodes.Length);
        Assert.Equal(Two.Version + 1, moved.Version);
    }

    [Fact]
    public void A_node_started_for_another_number_of_shards_is_refused_with_the_right_number()
    {
        var error = Assert.Throws<OrderRefusedException>(() => TopologyRules.Join(Two, B, 8, Guid.Empty, Guid.NewGuid));
        Assert.Contains("--shards 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adding_replicas_is_idempotent()
    {
        var once = TopologyRules.AddReplicas(Two, "b", [0, 1]);

        Assert.Equal(ReplicaRole.Replica, once.Shards[1].RoleOf("b"));
        Assert.Equal(ReplicaRole.None, once.Shards[2].RoleOf("b"));
        Assert.Same(once, TopologyRules.AddReplicas(once, "b", [0, 1]));
    }

    [Fact]
    public void A_primary_cannot_be_its_own_replica_nor_give_its_shard_up()
    {
        Assert.Throws<OrderRefusedException>(() => TopologyRules.AddReplicas(Two, "a", [0]));
        Assert.Throws<OrderRefusedException>(() => TopologyRules.RemoveReplicas(Two, "a", [0]));
    }

    [Fact]
    public void Promotion_raises_the_epoch_and_makes_the_old_primary_a_replica()
    {
        var promoted = TopologyRules.Promote(TopologyRules.AddReplicas(Two, "b", [2]), 2, "b", expectedEpoch: 1);

        Assert.Equal((2L, ReplicaRole.Primary, ReplicaRole.Replica), (promoted.Shards[2].Epoch, promoted.Shards[2].RoleOf("b"), promoted.Shards[2].RoleOf("a")));
        Assert.Equal(1, promoted.Shards[1].Epoch);
    }

    [Fact]
    public void Of_two_promotions_that_expect_the_same_epoch_only_one_succeeds()
    {
        var promoted = TopologyRules.Promote(TopologyRules.AddReplicas(Two, "b", [2]), 2, "b", expectedEpoch: 1);

        Assert.Throws<OrderRefusedException>(() => TopologyRules.Promote(promoted, 2, "a", expectedEpoch: 1));
    }

    [Fact]
    public void A_new_reign_of_the_same_primary_ends_the_expectations_of_the_old_one()
    {
        var held = TopologyRules.AddReplicas(Two, "b", [2]);

        var next = TopologyRules.BeginReigns(held, "a", [new(2, 1), new(3, 7)]);

        Assert.Equal((2L, "a", 1L), (next.Shards[2].Epoch, next.Shards[2].Primary, next.Shards[3].Epoch));
        Assert.Throws<OrderRefusedException>(() => TopologyRules.Promote(next, 2, "b", expectedEpoch: 1));
        Assert.Same(next, TopologyRules.BeginReigns(next, "a", [new(2, 1)]));
        Assert.Same(next, TopologyRules.BeginReigns(next, "b", [new(2, 2)]));
    }

    [Fact]
    public void A_node_that_follows_another_primary_follows_the_first_no_more()
    {
        var both = TopologyRules.Promote(TopologyRules.AddReplicas(Two, "b", [2, 3]), 2, "b", expectedEpoch: 1);
        var three = TopologyRules.Join(both, new("c", "127.0.0.1", 9223, 9323), 4, Guid.Empty, Guid.NewGuid);

        var first = TopologyRules.Follow(three, "c", "a");
        var second = TopologyRules.Follow(first, "c", "b");

        Assert.Equal([0, 1, 3], first.HeldBy("c").Select(shard => shard.Shard));
        Assert.Same(first, TopologyRules.Follow(first, "c", "a"));
        Assert.Equal([2], second.HeldBy("c").Select(shard => shard.Shard));
        Assert.Equal([2, 3], second.HeldBy("b").Select(shard => shard.Shard));
        Assert.True(second.Version > first.Version);
    }

    [Fact]
    public void A_node_without_a_replica_is_never_promoted() =>
        Assert.Throws<OrderRefusedException>(() => TopologyRules.Promote(Two, 0, "b", expectedEpoch: 1));

    [Fact]
    public void A_shard_that_does_not_exist_is_named()
    {
        var error = Assert.Throws<OrderRefusedException>(() => TopologyRules.AddReplicas(Two, "b", [4]));
        Assert.Contains("no shard 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_with_data_of_another_cluster_is_refused_and_told_which()
    {
        var stranger = Guid.NewGuid();

        var error = Assert.Throws<OrderRefusedException>(() => TopologyRules.Join(Two, B, 4, stranger, Guid.NewGuid));

        Assert.Contains($"{stranger:N}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{Two.ClusterId:N}", error.Message, StringComparison.Ordinal);
        Assert.Same(Two, TopologyRules.Join(Two, B, 4, Two.ClusterId, Guid.NewGuid));
    }

    [Fact]
    public void A_coordinator_that_lost_its_data_founds_no_second_cluster_beside_nodes_that_have_theirs()
    {
        var error = Assert.Throws<OrderRefusedException>(() => TopologyRules.Join(new ClusterTopology(), B, 4, Two.ClusterId, Guid.NewGuid));
        Assert.Contains("SLUICE COORDINATOR TAKEOVER", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_takeover_begins_a_term_that_wins_over_whatever_the_old_coordinator_still_changes()
    {
        var taken = TopologyRules.TakeCoordination(Two, "b");
        var old = TopologyRules.AddReplicas(TopologyRules.AddReplicas(TopologyRules.AddReplicas(Two, "b", [0]), "b", [1]), "b", [2]);

        Assert.Equal(("b", Two.Term + 1), (taken.Coordinator, taken.Term));
        Assert.True(old.Version > taken.Version);
        Assert.True(taken.IsNewerThan(old));
        Assert.False(old.IsNewerThan(taken));
        Assert.Throws<OrderRefusedException>(() => TopologyRules.TakeCoordination(Two, "c"));
    }
}
