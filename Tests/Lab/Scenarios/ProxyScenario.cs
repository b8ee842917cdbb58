using System.Globalization;
using System.Text.Json;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>Another program wants the link: iperf3, on and off.</summary>
internal sealed class ProxyScenario : IScenario
{
    private const long Link = 100_000_000;
    private const int Port = 5201;
    private const double LeastForOthers = 0.85;
    private const double LeastUse = 0.9;
    private const double MostSecondsToReturn = 3;
    private const int AloneSeconds = 10;
    private const int Seconds = 20;
    private const int Times = 2;

    public string Name => "proxy";

    public string Summary => "Another program (iperf3) takes the link of 100 Mb/s for 20 s, leaves it for 20 s, takes it again.";

    public IEnumerable<LabCase> Cases(bool quick) =>
        from shape in new[] { NetworkShape.Nic, NetworkShape.Routed }
        from congestionControl in new[] { "cubic", "bbr" }
        from system in shape == NetworkShape.Routed && congestionControl == "cubic" ? [SystemTable.Sluice, SystemTable.Rsync] : new[] { SystemTable.Sluice }
        select new LabCase(Name, LabCase.VariantOf(shape, congestionControl), system, context => RunAsync(context, shape, congestionControl, system));

    private static async Task<CaseResult> RunAsync(CaseContext context, NetworkShape shape, string congestionControl, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, shape, congestionControl, Link, 512);
        await using var server = LabProcess.Start(system.Network[LabNetwork.Replica], Path.Combine(context.Directory, "iperf3-server.log"), "iperf3", "-s", "-p", Port.ToString(CultureInfo.InvariantCulture));
        await context.PassAsync(1);
        var alone = await OtherAsync(system, AloneSeconds);
        await context.PassAsync(2);
        await system.OrderAsync();
        await system.UntilSentAsync(0.1, 60);
        var phases = new List<(long From, long Until, double Part)>();
        for (var n = 0; n < Times && !await system.IsDoneAsync(); n++)
        {
            var from = system.Session.Mark("iperf3 begins");
            var rate = await OtherAsync(system, Seconds);
            phases.Add((from, system.Session.Mark("iperf3 ends"), rate / alone));
            await context.PassAsync(Seconds);
        }

        await system.DoneAsync(180);
        var seen = await system.Session.FinishAsync();
        var figures = seen.Figures(system.PayloadBytes, 0);
        figures.Add(new Figure("iperf3 alone", alone / 1e6, "Mb/s"));
        figures.Add(new Figure("iperf3 beside the copy, least", phases.Min(phase => phase.Part), "of that"));
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds = system is not SluicePair sluice ? [] :
            [
                new Bound("iperf3 beside the copy, of what it gets alone", phases.Min(phase => phase.Part), BoundKind.AtLeast, LeastForOthers, ""),
                new Bound("use of the link while iperf3 runs", phases.Min(phase => Use(seen, phase.From, phase.Until)), BoundKind.AtLeast, LeastUse, ""),
                new Bound("the copy is back after", phases.Max(phase => SecondsUntilBack(seen, phases[0].From, phase.Until)), BoundKind.AtMost, MostSecondsToReturn, "s"),
                sluice.NoRestart(),
                await sluice.EqualAsync(),
            ],
        };
    }

    // What the other program's receiver got, bits per second.
    private static async Task<double> OtherAsync(CopySystem system, int seconds)
    {
        var report = await system.Network[LabNetwork.Primary].ExecuteAsync(
            "iperf3", "-c", system.Network.AddressOf(LabNetwork.Replica).ToString(), "-p", Port.ToString(CultureInfo.InvariantCulture), "-t", seconds.ToString(CultureInfo.InvariantCulture), "-J");
        using var json = JsonDocument.Parse(report);
        return json.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble();
    }

    private static double Use(SessionRecording seen, long from, long until) => seen.Recording.ReceivedBetween(from, until) * 8 / ((until - from) / Recording.Second) / Link;

    // Until the link carries nine tenths of what it carried before the other program came.
    private static double SecondsUntilBack(SessionRecording seen, long first, long until)
    {
        var before = seen.Recording.ReceivedBetween(first - (long)(2 * Recording.Second), first) / 2;
        return seen.Recording.Windows(until, seen.End, 0.5, received: true).Where(window => window.BytesPerSecond >= 0.9 * before)
            .Select(window => (window.From - until) / Recording.Second + 0.5).DefaultIfEmpty(double.PositiveInfinity).First();
    }
}
