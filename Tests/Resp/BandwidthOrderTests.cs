namespace Sluice.Tests.Resp;

/// <summary>SLUICE: orders about the whole cluster's bandwidth from any Redis client.</summary>
public sealed class BandwidthOrderTests : IAsyncLifetime
{
    private GatewayUnderTest gateway = null!;
    private RespClient client = null!;

    public async Task InitializeAsync()
    {
        gateway = await GatewayUnderTest.StartAsync(shards: 2, time: new ManualTimeProvider());
        gateway.Node.Show(FakeNode.Topology(2, "a", "b"));
        client = await gateway.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_class_is_changed_in_what_was_named_alone_and_shown()
    {
        Assert.Equal("Array[\"class\", \"normal\", \"reservation\", (integer) 0, \"limit\", (integer) 0, \"weight\", (integer) 4]", await AskAsync("SLUICE CLASS normal"));
        Assert.Equal("\"OK\"", await AskAsync("sluice class NORMAL limit 10mb weight 8"));
        Assert.Equal("\"OK\"", await AskAsync("SLUICE CLASS normal RESERVATION 1mb"));
        Assert.Equal("Array[\"class\", \"normal\", \"reservation\", (integer) 1048576, \"limit\", (integer) 10485760, \"weight\", (integer) 8]", await AskAsync("SLUICE CLASS normal"));
        Assert.StartsWith("Array[Array[\"class\", \"log\", \"reservation\", (integer) 1048576, \"limit\", (integer) 0, \"weight\", (integer) 32], Array[\"class\", \"urgent\",", await AskAsync("SLUICE CLASS"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sync_gets_a_class_and_a_limit()
    {
        Assert.Equal("\"OK\"", await AskAsync("SLUICE SYNC 1@b CLASS background LIMIT 5mb"));
        Assert.Equal("Array[\"class\", \"background\", \"limit\", (integer) 5242880, \"paused\", (integer) 0, \"until\", (integer) 0]", await AskAsync("SLUICE SYNC 1@b"));
    }

    [Fact]
    public async Task One_copy_or_all_are_paused_and_resumed()
    {
        Assert.Equal("\"OK\"", await AskAsync("SLUICE PAUSE 1@b UNTIL 4070908800"));
        Assert.Equal("Array[\"class\", \"\", \"limit\", (integer) 0, \"paused\", (integer) 1, \"until\", (integer) 4070908800]", await AskAsync("SLUICE SYNC 1@b"));
        Assert.Equal("\"OK\"", await AskAsync("SLUICE RESUME 1@b"));
        Assert.Empty(Policy.Syncs);
        Assert.Equal("\"OK\"", await AskAsync("SLUICE PAUSE all FOR 60"));
        Assert.Equal(new ManualTimeProvider().GetUtcNow().AddSeconds(60), Policy.PausedUntil);
        Assert.Equal("\"OK\"", await AskAsync("SLUICE PAUSE ALL"));
        Assert.Equal((true, null), (Policy.IsPaused, Policy.PausedUntil));
        Assert.Equal("\"OK\"", await AskAsync("SLUICE RESUME ALL"));
        Assert.False(Policy.IsPaused);
    }

    [Theory]
    [InlineData("SLUICE CLASS fast WEIGHT 2", "There is no QoS class 'fast'; there are log, urgent, normal, background.")]
    [InlineData("SLUICE CLASS fast", "There is no QoS class 'fast'; there are log, urgent, normal, background.")]
    [InlineData("SLUICE CLASS normal WEIGHT 0", "The weight of class 'normal' must be between 1 and 1000, not 0.")]
    [InlineData("SLUICE CLASS normal WEIGHT x", "WEIGHT must be a whole number between 1 and 1000, not 'x'.")]
    [InlineData("SLUICE CLASS normal LIMIT 2000gb", "LIMIT must be a memory value between 0 and 1099511627776 bytes per second, not '2000gb'.")]
    [InlineData("SLUICE CLASS normal RESERVATION 2mb LIMIT 1mb", "Class 'normal' cannot reserve 2097152 bytes per second and be limited to 1048576: the reservation must not be above the limit.")]
    [InlineData("SLUICE CLASS normal SPEED 1", "syntax error: 'SPEED' where RESERVATION, LIMIT or WEIGHT was expected. See SLUICE HELP.")]
    [InlineData("SLUICE CLASS normal LIMIT", "syntax error: a word without its value. See SLUICE HELP.")]
    [InlineData("SLUICE SYNC 1@z LIMIT 1mb", "There is no node 'z': the cluster has a, b.")]
    [InlineData("SLUICE SYNC 2@b LIMIT 1mb", "There is no shard 2: the cluster has shards 0 to 1.")]
    [InlineData("SLUICE SYNC b", "'b' names no replica: it must be shard@node, for example 3@node-b.")]
    [InlineData("SLUICE SYNC 1@b CLASS fast LIMIT 1mb", "There is no QoS class 'fast'; there are log, urgent, normal, background.")]
    [InlineData("SLUICE PAUSE 1@b UNTIL 1", "A pause until 1970-01-01 00:00:01Z has no effect: it is 2026-01-01 00:00:00Z already.")]
    [InlineData("SLUICE PAUSE ALL UNTIL never", "UNTIL must be a whole number of seconds between 1 and 253402300799, not 'never'.")]
    [InlineData("SLUICE PAUSE ALL FOR 0", "FOR must be a whole number of seconds between 1 and 253402300799, not '0'.")]
    [InlineData("SLUICE PAUSE ALL AFTER 5", "syntax error: 'AFTER' where UNTIL or FOR was expected. See SLUICE HELP.")]
    public async Task What_makes_no_sense_is_refused_and_changes_nothing(string command, string message)
    {
        Assert.Equal("(error) ERR " + message, await AskAsync(command));
        Assert.True(Policy.Classes.IsEmpty && Policy.Syncs.IsEmpty && !Policy.IsPaused);
    }

    private BandwidthPolicy Policy => gateway.Node.BrokerGrain.Status.Policy;

    private Task<string> AskAsync(string command) => client.AskTextAsync(command);
}
