using Sluice.Bandwidth;
using Sluice.Lab.Report;
using Sluice.Tests.Simulation.Zone;

namespace Sluice.Benchmarks.Pictures;

/// <summary>What broker and agents do together, in virtual time: the picture of docs/bandwidth.md.</summary>
internal static class AllocationPictures
{
    private const double Megabit = 125_000;
    private const double Step = 0.02;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly (string Class, string Color, double From, double To)[] Flows =
        [(QosClass.Background, "#888", 0, 20), (QosClass.Normal, "#2b7bba", 3, 16), (QosClass.Urgent, "#e07b28", 6, 13), (QosClass.Log, "#3a9a55", 9, 18)];

    /// <summary>Writes it into a folder.</summary>
    public static void Write(string folder) => FourClasses().Write(Path.Combine(folder, "shares-of-classes.svg"));

    private static SvgChart FourClasses()
    {
        var (sender, receiver) = (new ZoneNode("a", (long)(1000 * Megabit), 0), new ZoneNode("b", (long)(100 * Megabit), 0));
        var broker = new BandwidthBroker(Start, ["a", "b"]);
        var due = new Dictionary<ZoneNode, double> { [receiver] = 0, [sender] = 0 };
        var open = new ZoneFlow?[Flows.Length];
        var points = Flows.Select(_ => new List<(double, double)>()).ToArray();
        for (double at = 0; at < 20; at += Step)
        {
            var now = Start + TimeSpan.FromSeconds(at);
            for (var n = 0; n < Flows.Length; n++)
            {
                if (open[n] is null && at >= Flows[n].From && at < Flows[n].To)
                {
                    var id = new FlowId(Flows[n].Class == QosClass.Log ? FlowKind.Log : FlowKind.Snapshot, "a", new ReplicaKey(n, "b"));
                    sender.Flows.Add(open[n] = new ZoneFlow(id, Flows[n].Class, sender.Egress, receiver.Ingress, now) { Rate = ZoneNode.Floor });
                    due[sender] = at;
                }
                else if (open[n] is { } ended && at >= Flows[n].To)
                {
                    sender.Flows.Remove(ended);
                    open[n] = null;
                    due[sender] = at;
                }

                points[n].Add((at, (open[n]?.Rate ?? 0) / Megabit));
            }

            foreach (var node in due.Keys.Where(node => due[node] <= at).ToList())
            {
                var report = node.Report(now);
                var answer = broker.Report(report, now);
                node.Grants.Update(answer, now);
                node.Apply(report, now);
                due[node] = at + (answer.ReportAfter > TimeSpan.Zero ? answer.ReportAfter.TotalSeconds : 0.25);
            }
        }

        return new SvgChart("Four flows over one link of 100 Mb/s: background (weight 1), normal (4), urgent (16), log (32)", "seconds", 0, 20,
            [new SvgPanel("Mb/s", [.. Flows.Select((flow, n) => new SvgSeries(flow.Class, flow.Color, points[n]))], 100)]);
    }
}
