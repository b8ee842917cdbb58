using System.Globalization;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>After a network event every replica wants a copy at once.</summary>
internal sealed class StormScenario : IScenario
{
    private const long Link = 100_000_000;
    private const int Shards = 8;
    private const int Limit = 8;
    private const double MostOff = 10;
    private const double MostOfOptimum = 1.05;
    private const double PacketBytes = 1514;
    private const double PacketPayload = 1448;
    private static readonly string[] Hosts = [LabNetwork.Primary, LabNetwork.Replica, "rep2", "rep3"];
    private static readonly (string Name, int Weight)[] Classes = [("urgent", 16), ("normal", 4), ("background", 1)];

    public string Name => "storm";

    public string Summary => "8 shards of three QoS classes and 3 replicas: all 24 copies are ordered at once, over 100 Mb/s, 8 of them at a time (`max-concurrent-syncs 8`).";

    public IEnumerable<LabCase> Cases(bool quick) => [new(Name, LabCase.VariantOf(NetworkShape.Nic, "cubic"), SystemTable.Sluice, RunAsync)];

    private static async Task<CaseResult> RunAsync(CaseContext context)
    {
        var mib = context.IsQuick ? 48 : 192;
        await context.Images.PlaceAsync(mib, Shards, Hosts, context.Directory);
        await using var network = await LabNetwork.CreateAsync(context.Prefix, NetworkShape.Nic, "cubic", Link, Hosts);
        var nodes = Hosts.Select(host => new SluiceNode(network, host, Hosts, context.Directory, Shards)).ToList();
        await using var session = new CopySession(context, network);
        try
        {
            foreach (var node in nodes)
            {
                await node.StartAsync(context.Cancellation);
                await node.Server.CallAsync($"CONFIG SET max-concurrent-syncs {Limit}", context.Cancellation);
            }

            await OrderClassesAsync(context, nodes);
            await session.BeginAsync(nodes[0].Server.EndPoint, () => nodes[0].Pid, () => nodes[1].Pid);
            session.MarkStart();
            await Task.WhenAll(nodes.Skip(1).Select(node => node.Server.CallAsync($"REPLICAOF {network.AddressOf(LabNetwork.Primary)} {SluiceNode.Port}", context.Cancellation)));
            var watch = new ShareWatch();
            var end = await WatchAsync(context, nodes, watch);
            session.MarkEnd();
            var seen = await session.FinishAsync();
            return Judge(seen, watch, end, 3L * mib * 1024 * 1024);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static CaseResult Judge(SessionRecording seen, ShareWatch watch, bool isLive, long payload)
    {
        var optimum = payload * (PacketBytes / PacketPayload) * 8 / Link;
        var figures = seen.Figures(payload, Link);
        figures.Add(new Figure("serial optimum", optimum, "s"));
        figures.Add(new Figure("copies at once, most", watch.MostAdmitted, ""));
        figures.AddRange(watch.Deviations.Select(part => new Figure($"share of {part.Class} off by", part.PerCent, "%")));
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds =
            [
                new Bound("copies at once", watch.MostAdmitted, BoundKind.AtMost, Limit, ""),
                new Bound("shares off from weights by", watch.Deviations.Select(part => Math.Abs(part.PerCent)).DefaultIfEmpty(double.PositiveInfinity).Max(), BoundKind.AtMost, MostOff, "%"),
                new Bound("all 24 live (1: yes)", isLive ? 1 : 0, BoundKind.AtLeast, 1, ""),
                new Bound("time, of the serial optimum", seen.CopySeconds / optimum, BoundKind.AtMost, MostOfOptimum, ""),
            ],
        };
    }

    // Two shards urgent, three normal, three background, on each replica.
    private static async Task OrderClassesAsync(CaseContext context, List<SluiceNode> nodes)
    {
        foreach (var node in nodes.Skip(1))
        {
            for (var shard = 0; shard < Shards; shard++)
            {
                var name = Classes[shard < 2 ? 0 : shard < 5 ? 1 : 2].Name;
                await nodes[0].Server.CallAsync(string.Create(CultureInfo.InvariantCulture, $"SLUICE SYNC {shard}@{node.Name} CLASS {name}"), context.Cancellation);
            }
        }
    }

    private static async Task<bool> WatchAsync(CaseContext context, List<SluiceNode> nodes, ShareWatch watch)
    {
        await context.UntilAsync("all replicas are live", 400, async () =>
        {
            watch.Look(ForegroundClient.Now(), await nodes[0].Server.InfoAsync("bandwidth", context.Cancellation), Classes);
            foreach (var node in nodes.Skip(1))
            {
                if ((await node.Server.InfoAsync("replication", context.Cancellation)).GetValueOrDefault("master_link_status") != "up")
                {
                    return false;
                }
            }

            return true;
        }, everySeconds: 0.25);
        return true;
    }
}
