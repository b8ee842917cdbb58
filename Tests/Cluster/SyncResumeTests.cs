using System.Text;

namespace Sluice.Tests.Cluster;

/// <summary>What a copy has brought is not sent again: neither after its node was away, nor when it is live already.</summary>
public sealed class SyncResumeTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_replica_whose_node_was_away_during_the_copy_goes_on_at_its_durable_byte()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await FillAsync(a, megabytes: 24);
        await using (var b = await nodes.ConnectAsync(1))
        {
            Assert.Equal("OK", (await b.SendAsync("CONFIG SET throttle-bytes-per-second 4mb")).Text);
            Assert.Equal("OK", (await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}")).Text);
        }

        await Eventually.IsTrueAsync("a third of the copy durable", Bound, async () => await ProgressAsync(nodes) is { TotalBytes: > 0 } copy && copy.DurableBytes > copy.TotalBytes / 3);
        await nodes.StopNodeAsync(1);
        var left = JournalledBytes(nodes);
        await nodes.StartNodeAsync(1);
        await nodes.LiveAsync(1, Bound);

        // All that was sent in the node's second life is what the journal had not told of yet.
        var second = await ProgressAsync(nodes);
        Assert.InRange(second.WireBytes, 1, (long)((second.TotalBytes - left) * 1.02) + 100_000);
        Assert.True(left > second.TotalBytes / 3, $"{left} of {second.TotalBytes} bytes were in the journal.");
        Assert.Equal("", second.WhyNotPromotable);
        await EqualAsync(nodes);
    }

    [Fact]
    public async Task A_copy_that_is_ordered_by_force_links_the_files_that_are_live_already()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await FillAsync(a, megabytes: 8);
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);

        Assert.Equal("OK", (await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port} FORCE")).Text);
        await Eventually.IsTrueAsync("a second full copy", Bound, async () => (await ProgressAsync(nodes)).FullCopies == 2);
        await nodes.LiveAsync(1, Bound);

        var copy = await ProgressAsync(nodes);
        Assert.True(copy.HeldBytes > 8 << 20, $"{copy.HeldBytes} bytes were linked, {copy.TotalBytes} sent.");
        Assert.InRange(copy.TotalBytes, 1, 4 << 20);
        await EqualAsync(nodes);
    }

    private static Task<SyncProgress> ProgressAsync(NodesUnderTest nodes) => nodes.Grains(1).GetGrain<ISyncGrain>("0@b").GetProgress();

    private static long JournalledBytes(NodesUnderTest nodes) =>
        Sluice.Replication.StagingJournal.Load(Path.Combine(nodes.Settings(1).Data, "shards", "00000", "staging"))?.Position ?? 0;

    private static async Task EqualAsync(NodesUnderTest nodes)
    {
        var (primary, replica) = (await nodes.DigestsAsync(0), await nodes.DigestsAsync(1));
        Assert.Equal(primary.Select(digest => (digest.Keys, digest.Sha256)), replica.Select(digest => (digest.Keys, digest.Sha256)));
    }

    private static async Task FillAsync(RedisConnection connection, int megabytes)
    {
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
