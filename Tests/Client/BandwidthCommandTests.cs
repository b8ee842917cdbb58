using System.Text.Json;

namespace Sluice.Tests.Client;

/// <summary>What an operator sees and orders of bandwidth by the command line.</summary>
public sealed class BandwidthCommandTests
{
    private static readonly ReplicaKey Third = new(3, "B");
    private static readonly FlowId Flow = new(FlowKind.Snapshot, "A", Third);

    private readonly FakeCluster cluster = new();

    [Fact]
    public async Task Replicas_are_paused_and_resumed_by_name()
    {
        Assert.Equal("Paused until resumed: 3@B, 0@A. 'sluice sync resume' lets them go on.\n", await OutputAsync("sync", "pause", "3@B", "0@A"));
        Assert.Equal([new ReplicaKey(0, "A"), Third], Policy.Syncs.Where(sync => sync.IsPaused).Select(sync => sync.Replica));
        Assert.Equal("Resumed: 3@B. Still paused by themselves: 0@A.\n", await OutputAsync("sync", "resume", "3@B"));
        Assert.Equal("Resumed: 0@A.\n", await OutputAsync("sync", "resume", "0@A"));
        Assert.Empty(Policy.Syncs);
    }

    [Fact]
    public async Task All_are_paused_until_a_time_and_shown_so()
    {
        cluster.BrokerGrain.Status = cluster.BrokerGrain.Status with { Nodes = [new NodeBandwidthReport { Node = "A" }] };
        Assert.StartsWith("Paused until 2099-01-01 ", await OutputAsync("sync", "pause", "--all", "--until", "2099-01-01T12:00:00Z"), StringComparison.Ordinal);
        Assert.Equal(new DateTimeOffset(2099, 1, 1, 12, 0, 0, TimeSpan.Zero), Policy.PausedUntil);
        Assert.Contains("All full copies are paused until 2099-01-01 ", await OutputAsync("bandwidth", "show"), StringComparison.Ordinal);
        Assert.Equal("Resumed: 3@B. All are still paused together: 'sluice sync resume --all' ends that.\n", await OutputAsync("sync", "resume", "3@B"));
        Assert.Equal("Resumed: all full copies.\n", await OutputAsync("sync", "resume", "--all"));
        Assert.False(Policy.IsPaused);
    }

    [Fact]
    public async Task A_pause_for_a_while_ends_so_much_later()
    {
        var before = TimeProvider.System.GetUtcNow();
        await OutputAsync("sync", "pause", "3@B", "--for", "30m");
        Assert.InRange(Policy.Syncs.Single().PausedUntil!.Value, before.AddMinutes(30), TimeProvider.System.GetUtcNow().AddMinutes(30));
    }

    [Fact]
    public async Task A_sync_gets_a_class_and_a_limit_and_loses_them_again()
    {
        Assert.Equal("3@B: class background, at most 5.0 MiB/s.\n", await OutputAsync("sync", "set", "3@B", "--class", "background", "--limit", "5mb"));
        Assert.Equal("3@B: class background, at most 5.0 MiB/s.\n", await OutputAsync("sync", "set", "3@B"));
        Assert.Equal("3@B: class as it was begun with, no limit of its own.\n", await OutputAsync("sync", "set", "3@B", "--class", "default", "--limit", "0"));
    }

    [Fact]
    public async Task A_class_is_changed_in_what_was_named_alone()
    {
        Assert.Matches(@"normal\s+nothing\s+10.0 MiB/s\s+8\n", await OutputAsync("bandwidth", "class", "normal", "--limit", "10mb", "--weight", "8"));
        Assert.Matches(@"normal\s+2.0 MiB/s\s+10.0 MiB/s\s+8\n", await OutputAsync("bandwidth", "class", "normal", "--reservation", "2mb"));
        var table = await OutputAsync("bandwidth", "class");
        Assert.Equal(["log", "urgent", "normal", "background"], table.TrimEnd('\n').Split('\n').Skip(1).Select(line => line.Split(' ')[0]));
        Assert.Matches(@"log\s+1.0 MiB/s\s+no limit\s+32\n", table);
    }

    [Fact]
    public async Task A_nodes_other_limits_are_set_too()
    {
        var line = await OutputAsync("bandwidth", "limit", "A", "--egress", "1mb", "--syncs", "5", "--headroom", "20", "--queue-delay", "25ms", "--floor", "128kb", "--stall-timeout", "3s");
        Assert.Equal("A: receives no limit, sends 1.0 MiB/s, at most 5 full copies at once; headroom 20 %, adds at most 25 ms of queue, floor 128.0 KiB/s, stalled after 3000 ms.\n", line);
        Assert.Contains("headroom auto", await OutputAsync("bandwidth", "limit", "A", "--headroom", "auto"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "Name the replicas, for example 3@B, or give --all.", "sync", "pause")]
    [InlineData(2, "'three' names no replica", "sync", "resume", "three")]
    [InlineData(2, "--until and --for exclude each other", "sync", "pause", "3@B", "--until", "18:00", "--for", "5m")]
    [InlineData(2, "--until 'soon' is no moment", "sync", "pause", "3@B", "--until", "soon")]
    [InlineData(2, "--until '2001-01-01T00:00' has passed", "sync", "pause", "3@B", "--until", "2001-01-01T00:00")]
    [InlineData(2, "--headroom '91' is out of range: write a whole number from 0 to 90, or auto.", "bandwidth", "limit", "A", "--headroom", "91")]
    [InlineData(2, "--weight '0' is out of range: write a whole number from 1 to 1000", "bandwidth", "class", "normal", "--weight", "0")]
    [InlineData(2, "Name the class to change", "bandwidth", "class", "--weight", "2")]
    [InlineData(1, "There is no node 'Z': the cluster has A, B.", "sync", "pause", "3@Z")]
    [InlineData(1, "There is no shard 9: the cluster has shards 0 to 3.", "sync", "set", "9@B", "--limit", "1mb")]
    [InlineData(1, "There is no QoS class 'fast'; there are log, urgent, normal, background.", "sync", "set", "3@B", "--class", "fast")]
    [InlineData(1, "There is no QoS class 'fast'; there are log, urgent, normal, background.", "bandwidth", "class", "fast", "--weight", "2")]
    [InlineData(1, "The limit of sync 3@B must be between 0 (none) and 1099511627776 bytes per second", "sync", "set", "3@B", "--limit", "2000gb")]
    public async Task What_makes_no_sense_is_refused_in_one_sentence_that_names_the_range(int status, string sentence, params string[] args)
    {
        var run = await CommandRun.OnAsync(cluster, args);
        Assert.Equal((status, ""), (run.Status, run.Output));
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal(new BandwidthPolicy(), Policy with { Syncs = [], Classes = [] });
        Assert.True(Policy.Syncs.IsEmpty && Policy.Classes.IsEmpty);
    }

    [Theory]
    [InlineData("sync", "pause", "3@B")]
    [InlineData("sync", "pause", "--all", "--for", "5m")]
    [InlineData("sync", "resume", "3@B", "--all")]
    [InlineData("sync", "set", "3@B", "--limit", "1mb")]
    [InlineData("bandwidth", "class")]
    [InlineData("bandwidth", "class", "log", "--weight", "40")]
    public async Task Every_order_writes_one_JSON_value_on_request(params string[] args)
    {
        var run = await CommandRun.OnAsync(cluster, [.. args, "--json"]);
        Assert.Equal((0, ""), (run.Status, run.Error));
        JsonDocument.Parse(run.Output);
    }

    [Fact]
    public async Task Show_tells_alerts_links_flows_queue_and_orders()
    {
        cluster.BrokerGrain.Status = Busy();
        var output = await OutputAsync("bandwidth", "show");
        Assert.Contains("! LinkDegraded A eth0 egress, for ", output, StringComparison.Ordinal);
        Assert.Contains("Check the cable.", output, StringComparison.Ordinal);
        Assert.Matches(@"A eth0 out\s+10.0 MiB/s\s+configured\s+4.0 MiB/s\s+2.0 MiB/s\s+7.0 MiB/s\s+1", output);
        Assert.Matches(@"B eth0 in\s+not known\s+unknown\s+-\s+1.0 KiB/s", output);
        Assert.DoesNotContain("eth1", output, StringComparison.Ordinal);
        Assert.Matches(@"A\s+no limit\s+no limit\s+2\s+10 %\s+64.0 KiB/s\s+6.0 MiB/s", output);
        Assert.Matches(@"snapshot A -> 3@B\s+background\s+4.0 MiB/s\s+~5.0 MiB/s\s+delay\s+1.0 ms \+ 12 ms\s+40.0 MiB\s+10 s\s+half of eth0", output);
        Assert.Matches(@"A -> B\s+2\s+2.0 MiB/s\s+3.0 ms", output);
        Assert.Contains("Full copies: 1 under way, 1 waiting.", output, StringComparison.Ordinal);
        Assert.Matches(@"1\s+2@B\s+A\s+normal\s+.*2 copies at once", output);
        Assert.Contains("Ordered for 3@B: class background, at most 5.0 MiB/s, paused until 2099-01-01 ", output, StringComparison.Ordinal);
        Assert.Contains("Classes changed: urgent reserves 1.0 MiB/s, no limit, weight 20.", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task A_paused_flow_has_no_ETA()
    {
        var status = Busy();
        var node = status.Nodes[0];
        cluster.BrokerGrain.Status = status with
        {
            Nodes = [node with { Flows = [node.Flows[0] with { HeldBy = FlowHold.Paused, BytesPerSecond = 100 }] }],
            Grants = [new FlowGrant(Flow, 0, "paused until it is resumed") { Class = "background", IsPaused = true }],
        };
        Assert.Matches(@"snapshot A -> 3@B\s+background\s+100 B/s\s+paused\s+paused\s+1.0 ms \+ 12 ms\s+40.0 MiB\s+-\s+paused until it is resumed", await OutputAsync("bandwidth", "show"));
    }

    [Fact]
    public async Task A_terminal_sees_how_full_each_link_is()
    {
        cluster.BrokerGrain.Status = Busy();
        var run = await CommandRun.OnAsync(cluster, isTerminal: true, "bandwidth", "show");
        Assert.Contains("████████▒▒▒▒········  60 %", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resync_storm_fits_on_a_screen()
    {
        var now = TimeProvider.System.GetUtcNow();
        cluster.BrokerGrain.Status = Busy() with
        {
            Alerts = [.. Enumerable.Range(0, 500).Select(i => new BandwidthAlert { Kind = AlertKind.SyncQueued, Subject = $"{i}@B", Since = now, Text = "It waits." })],
            Queued = [.. Enumerable.Range(0, 500).Select(i => new ReplicaKey(i, "B"))],
            Queue = [.. Enumerable.Range(0, 500).Select(i => new QueuedSync(new ReplicaKey(i, "B"), "A", "normal", i + 1, "2 copies at once", now))],
        };
        var output = await OutputAsync("bandwidth", "show");
        Assert.Contains("! SyncQueued: 499 more.", output, StringComparison.Ordinal);
        Assert.Contains("... and 490 more.", output, StringComparison.Ordinal);
        Assert.InRange(output.Split('\n').Length, 20, 40);
    }

    private BandwidthPolicy Policy => cluster.BrokerGrain.Status.Policy;

    private static BandwidthStatus Busy()
    {
        var now = TimeProvider.System.GetUtcNow();
        var egress = new LinkReport { Interface = "eth0", CapacityBytesPerSecond = 10 << 20, CapacitySource = CapacitySource.Configured, FlowBytesPerSecond = 4 << 20, ForegroundBytesPerSecond = 2 << 20 };
        return new BandwidthStatus
        {
            Alerts = [new BandwidthAlert { Kind = AlertKind.LinkDegraded, Subject = "A eth0 egress", Since = now.AddMinutes(-2), Text = "Check the cable." }],
            Links = [new LinkStatus { Node = "B", Link = new LinkReport { Interface = "eth0", Direction = LinkDirection.Ingress, ForegroundBytesPerSecond = 1024 } }, new LinkStatus { Node = "B", Link = new LinkReport { Interface = "eth1" } }, new LinkStatus { Node = "A", Link = egress, AvailableBytesPerSecond = 7 << 20, AllocatedBytesPerSecond = 7 << 20, Flows = 1 }],
            Nodes =
            [
                new NodeBandwidthReport
                {
                    Node = "A",
                    MaxConcurrentSyncs = 2,
                    HeadroomPercent = 10,
                    FloorBytesPerSecond = 64 << 10,
                    Flows =
                    [
                        new FlowReport
                        {
                            Flow = Flow, Class = "normal", BytesPerSecond = 4 << 20, HeldBy = FlowHold.Delay, RemainingBytes = 40 << 20,
                            SmoothedRtt = TimeSpan.FromMilliseconds(13), BaseRtt = TimeSpan.FromMilliseconds(1), QueueDelay = TimeSpan.FromMilliseconds(12),
                        },
                        new FlowReport { Flow = new FlowId(FlowKind.Log, "A", new ReplicaKey(0, "B")), BytesPerSecond = 1 << 20 },
                        new FlowReport { Flow = new FlowId(FlowKind.Log, "A", new ReplicaKey(1, "B")), BytesPerSecond = 1 << 20, QueueDelay = TimeSpan.FromMilliseconds(3) },
                    ],
                },
            ],
            Grants = [new FlowGrant(Flow, 5 << 20, "half of eth0") { Class = "background", IsEstimated = true }],
            Admitted = [Third],
            Queued = [new ReplicaKey(2, "B")],
            Queue = [new QueuedSync(new ReplicaKey(2, "B"), "A", "normal", 1, "2 copies at once", now.AddSeconds(-5))],
            Policy = new BandwidthPolicy
            {
                Syncs = [new SyncPolicy { Replica = Third, Class = "background", LimitBytesPerSecond = 5 << 20, IsPaused = true, PausedUntil = new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero) }],
                Classes = [new QosClassTerms("urgent", 1 << 20, 0, 20)],
            },
        };
    }

    private async Task<string> OutputAsync(params string[] args)
    {
        var run = await CommandRun.OnAsync(cluster, args);
        Assert.Equal((0, ""), (run.Status, run.Error));
        return run.Output;
    }
}
