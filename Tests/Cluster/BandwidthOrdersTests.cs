using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Bandwidth;
using Xunit.Abstractions;

namespace Sluice.Tests.Cluster;

/// <summary>
/// What operators order, on two whole nodes and a copy that runs throttled: each order that changes a running copy's pace takes effect at the sender within a second.
/// </summary>
public sealed class BandwidthOrdersTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Every_order_takes_effect_on_the_copy_that_runs()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 1);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await LoadAsync(a, 8 << 20);
        await OrderAsync(b, "CONFIG SET throttle-bytes-per-second 512kb");
        await OrderAsync(b, $"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await EffectAsync("the copy runs", nodes, flow => flow.SentBytes > 0 && flow.Allowance.LimitBytesPerSecond is > 256 << 10 and <= 512 << 10 && flow.PacingBytesPerSecond > 256 << 10);

        await WithinASecondAsync("the receiver's limit", nodes, b, "CONFIG SET throttle-bytes-per-second 256kb", flow => IsLimitedTo(flow, 256));
        await WithinASecondAsync("the sender's limit", nodes, a, "CONFIG SET sync-egress-bytes-per-second 200kb", flow => IsLimitedTo(flow, 200));
        await WithinASecondAsync("the sync's limit", nodes, b, "SLUICE SYNC 0@b LIMIT 100kb", flow => IsLimitedTo(flow, 100));
        await OrderAsync(a, "SLUICE CLASS background LIMIT 50kb");
        await WithinASecondAsync("the sync's class", nodes, b, "SLUICE SYNC 0@b CLASS background", flow => IsLimitedTo(flow, 50));
        await WithinASecondAsync("the class's limit", nodes, a, "SLUICE CLASS background LIMIT 40kb", flow => IsLimitedTo(flow, 40));
        await WithinASecondAsync("the class's limit as a parameter", nodes, b, ["CONFIG", "SET", "sync-class-background", "limit 30kb weight 2"], flow => IsLimitedTo(flow, 30));
        Assert.Contains("reservation 0 limit 30720 weight 2", (await a.SendAsync("CONFIG GET sync-class-background")).ToString()!, StringComparison.Ordinal);
        await OrderAsync(a, "CONFIG SET sync-floor-bytes-per-second 2048");
        await EffectAsync("the sender's floor", nodes, flow => flow.Allowance.FloorBytesPerSecond == 2048);
        await OrderAsync(a, "CONFIG SET sync-headroom-percent 33 max-concurrent-syncs 3");
        await BrokerAsync("the node's headroom", nodes, status => status.Nodes.Any(node => node is { Node: "a", HeadroomPercent: 33, MaxConcurrentSyncs: 3 }));

        await WithinASecondAsync("the pause", nodes, b, "SLUICE PAUSE 0@b", flow => flow.IsPaused);
        await StandsStillAsync(nodes);
        await Eventually.IsTrueAsync("the receiver shows the pause", Bound, async () => (await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport()).Syncs.Single().IsPaused);
        await WithinASecondAsync("the resumption", nodes, b, "SLUICE RESUME 0@b", flow => !flow.IsPaused);
        await WithinASecondAsync("the pause of all", nodes, a, "SLUICE PAUSE ALL", flow => flow.IsPaused);
        await WithinASecondAsync("the resumption of all", nodes, a, "SLUICE RESUME ALL", flow => !flow.IsPaused);
        await WithinASecondAsync("the class's limit raised", nodes, a, "SLUICE CLASS background LIMIT 60kb", flow => flow.PacingBytesPerSecond > 50 << 10);

        await OrderAsync(a, "SLUICE CLASS background LIMIT 0");
        await OrderAsync(a, "SLUICE SYNC 0@b LIMIT 0");
        await OrderAsync(a, "CONFIG SET sync-egress-bytes-per-second 0");
        await OrderAsync(b, "CONFIG SET throttle-bytes-per-second 0");
        await nodes.LiveAsync(1, Bound);
        Assert.Equal((await nodes.DigestsAsync(0)).Select(digest => digest.Sha256), (await nodes.DigestsAsync(1)).Select(digest => digest.Sha256));
    }

    [Fact]
    public async Task A_pause_of_all_holds_copies_that_are_still_to_begin_until_its_time()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 2);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await LoadAsync(a, 1 << 20);
        await OrderAsync(a, "SLUICE PAUSE ALL");
        await OrderAsync(b, $"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await Eventually.IsTrueAsync("both copies wait because of the pause", Bound, async () =>
        {
            var syncs = (await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport()).Syncs;
            return syncs.Length == 2 && syncs.All(sync => sync.State != SyncState.Live && sync.Detail.Contains("paused", StringComparison.OrdinalIgnoreCase));
        });

        await OrderAsync(a, "SLUICE PAUSE ALL FOR 2");
        await nodes.LiveAsync(1, Bound);
        await BrokerAsync("the pause is over", nodes, status => status.Grants.All(grant => !grant.IsPaused));
    }

    [Fact]
    public async Task Orders_survive_the_restart_of_their_node()
    {
        await using var nodes = await NodesUnderTest.StartAsync(1, shards: 2);
        await using (var before = await nodes.ConnectAsync(0))
        {
            await OrderAsync(before, ["CONFIG", "SET", "sync-class-urgent", "reservation 2mb weight 20"]);
            await OrderAsync(before, "SLUICE SYNC 1@a CLASS background LIMIT 3mb");
            await OrderAsync(before, "SLUICE PAUSE ALL");
            await OrderAsync(before, "CONFIG SET sync-headroom-percent 20 target-queue-delay-ms 25 max-concurrent-syncs 7");
            await OrderAsync(before, "CONFIG REWRITE");
        }

        await nodes.StopNodeAsync(0);
        await nodes.StartNodeAsync(0);
        var policy = await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetPolicy();
        Assert.Equal(new QosClassTerms(QosClass.Urgent, 2 << 20, 0, 20), Assert.Single(policy.Classes));
        Assert.Equal(new SyncPolicy { Replica = new ReplicaKey(1, "a"), Class = QosClass.Background, LimitBytesPerSecond = 3 << 20 }, Assert.Single(policy.Syncs));
        Assert.True(policy.IsPaused);
        await BrokerAsync("the node reports what was kept", nodes, status => status.Nodes.Any(node => node is { HeadroomPercent: 20, MaxConcurrentSyncs: 7 }));
        await using var after = await nodes.ConnectAsync(0);
        Assert.Contains("25", (await after.SendAsync("CONFIG GET target-queue-delay-ms")).ToString()!, StringComparison.Ordinal);
    }

    private static bool IsLimitedTo(Flow flow, int kibibytes) => flow.Allowance.LimitBytesPerSecond > 0 && flow.Allowance.LimitBytesPerSecond <= kibibytes << 10 && flow.PacingBytesPerSecond <= kibibytes << 10;

    private Task WithinASecondAsync(string effect, NodesUnderTest nodes, RedisConnection connection, string order, Func<Flow, bool> isSo) =>
        WithinASecondAsync(effect, nodes, connection, order.Split(' '), isSo);

    /// <summary>
    /// Gives an order and waits for the flow's own word that it keeps to it: from the order's answer to that moment at the sender must be a second at the most. On the way are some ten turns of threads that wait for a
    /// processor; what this machine makes them wait, while it does, is measured and allowed for.
    /// </summary>
    private async Task WithinASecondAsync(string effect, NodesUnderTest nodes, RedisConnection connection, string[] order, Func<Flow, bool> isSo)
    {
        const int Turns = 10;
        var flow = Copy(nodes)!;
        Assert.False(isSo(flow), $"{effect} is in force before it is ordered.");
        var seen = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        flow.PacingChanged += _ => Look();
        flow.PauseChanged += Look;
        using var machine = new MachineLateness();
        await OrderAsync(connection, order);
        var answered = TimeProvider.System.GetTimestamp();
        Look();
        var took = TimeProvider.System.GetElapsedTime(answered, await seen.Task.WaitAsync(Bound));
        var allowed = TimeSpan.FromSeconds(1) + Turns * machine.Worst;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{effect}: {took.TotalMilliseconds:0} ms after the answer; the machine was late by up to {machine.Worst.TotalMilliseconds:0} ms"));
        Assert.True(took <= allowed, $"{effect} took {took.TotalMilliseconds:0} ms from the order's answer; {allowed.TotalMilliseconds:0} are allowed.");

        void Look()
        {
            if (isSo(flow))
            {
                seen.TrySetResult(TimeProvider.System.GetTimestamp());
            }
        }
    }

    /// <summary>
    /// From some moment on, four reports of the sender bring not a byte more. (The last frame is sent to its end, at the pace of before: that may take a while. Unpaused, the flow would send in each interval.)
    /// </summary>
    private static Task StandsStillAsync(NodesUnderTest nodes) => Eventually.IsTrueAsync("the copy stands still", Bound, async () =>
    {
        var before = Copy(nodes)!.SentBytes;
        await ReportsAsync(nodes, 4);
        return Copy(nodes)!.SentBytes == before;
    });

    private static async Task ReportsAsync(NodesUnderTest nodes, int count)
    {
        var first = await SequenceAsync();
        await BrokerAsync("more reports", nodes, status => status.Nodes.Any(node => node.Node == "a" && node.Sequence >= first + count));

        async Task<long> SequenceAsync() => (await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetStatus()).Nodes.First(node => node.Node == "a").Sequence;
    }

    private static Flow? Copy(NodesUnderTest nodes) => nodes.Services(0).GetRequiredService<FlowTable>().Flows.FirstOrDefault(flow => flow.Id.Kind == FlowKind.Snapshot);

    private static Task BrokerAsync(string awaited, NodesUnderTest nodes, Func<BandwidthStatus, bool> isSo) =>
        Eventually.IsTrueAsync(awaited, Bound, async () => isSo(await nodes.Grains(0).GetGrain<IBandwidthBrokerGrain>(0).GetStatus()));

    private async Task EffectAsync(string effect, NodesUnderTest nodes, Func<Flow, bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        await Eventually.IsTrueAsync($"{effect} (the flow: {Copy(nodes)?.Allowance})", Bound, () => Task.FromResult(Copy(nodes) is { } flow && isSo(flow)));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{effect}: after {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms"));
    }

    private static Task OrderAsync(RedisConnection connection, string command) => OrderAsync(connection, command.Split(' '));

    private static async Task OrderAsync(RedisConnection connection, string[] words) =>
        Assert.Equal("OK", (await connection.SendAsync([.. words.Select(System.Text.Encoding.ASCII.GetBytes)])).Text);

    private static async Task LoadAsync(RedisConnection connection, int bytes)
    {
        var random = new Random(20261123);
        var commands = new List<byte[][]>();
        for (var written = 0; written < bytes; written += 64 << 10)
        {
            var value = new byte[64 << 10];
            random.NextBytes(value);
            commands.Add([[.. "SET"u8], System.Text.Encoding.ASCII.GetBytes($"key{written}"), value]);
        }

        Assert.All(await connection.PipelineAsync(commands), reply => Assert.Equal("OK", reply.Text));
    }
}
