using System.Globalization;
using Sluice.Tests.Cluster;

namespace Sluice.Benchmarks;

/// <summary>
/// How exactly copies keep to throttle-bytes-per-second: bytes that the receiving node took from its replication sockets (frame headers included; TCP and IP headers add a tenth of a
/// per cent on loopback), over ten seconds at 20 MiB/s, then over ten seconds at 40 MiB/s, beginning one second after the change.
/// </summary>
internal static class ThrottleBenchmark
{
    private const int MiB = 1024 * 1024;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Runs it and prints the table; 1 when a figure is off by more than 5 %.</summary>
    public static async Task<int> RunAsync()
    {
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 4);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await Incompressible.FillAsync(a, mib: 900, valueBytes: MiB);
        await a.SendAsync("CONFIG SET max-concurrent-syncs 4");
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 20mb max-concurrent-syncs 4");
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await Eventually.IsTrueAsync("all copies under way", TimeSpan.FromSeconds(60), async () =>
        {
            var report = await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport();
            return report.Syncs.All(sync => sync is { State: SyncState.Copying, ReceivedBytes: > 0 });
        });
        await PauseAsync(TimeSpan.FromSeconds(2));

        Console.WriteLine("| throttle-bytes-per-second | wire, MiB/s over 10 s | off by |");
        Console.WriteLine("| --- | --- | --- |");
        var first = await MeasureAsync(nodes, "20mb", 20);
        await b.SendAsync("CONFIG SET throttle-bytes-per-second 40mb");
        await PauseAsync(TimeSpan.FromSeconds(1));
        var second = await MeasureAsync(nodes, "40mb, from 1 s after the change", 40);
        return Math.Max(Math.Abs(first), Math.Abs(second)) <= 0.05 ? 0 : 1;
    }

    private static async Task<double> MeasureAsync(NodesUnderTest nodes, string name, double limit)
    {
        var time = TimeProvider.System;
        var (bytes, start) = (await ReceivedAsync(nodes), time.GetTimestamp());
        await PauseAsync(Window);
        var rate = (await ReceivedAsync(nodes) - bytes) / time.GetElapsedTime(start).TotalSeconds / MiB;
        var off = rate / limit - 1;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {rate:0.00} | {off:+0.0%;-0.0%} |"));
        return off;
    }

    private static Task PauseAsync(TimeSpan pause) => Task.Delay(pause, TimeProvider.System);

    private static async Task<long> ReceivedAsync(NodesUnderTest nodes) =>
        (await nodes.Grains(1).GetGrain<INodeGrain>("b").GetReport()).Syncs.Sum(sync => sync.WireBytes);
}
