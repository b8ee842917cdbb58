using System.Globalization;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>A copy of something that never stands still.</summary>
internal sealed class WritesScenario : IScenario
{
    private const long Link = 100_000_000;
    private const int BytesPerSecond = 2_000_000;
    private const double SecondsAfter = 10;
    private const double LiveBound = 180;

    public string Name => "writes";

    public string Summary => "2 MB/s of SETs at the primary all through a copy over 100 Mb/s, and ten seconds after it.";

    public IEnumerable<LabCase> Cases(bool quick) =>
        from system in quick ? [SystemTable.Sluice] : new[] { SystemTable.Sluice, SystemTable.RedisDiskless }
        select new LabCase(Name, LabCase.VariantOf(NetworkShape.Nic, "cubic"), system, context => RunAsync(context, system));

    private static async Task<CaseResult> RunAsync(CaseContext context, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, NetworkShape.Nic, "cubic", Link, context.IsQuick ? 128 : 512);
        await using var writer = PacedWriter.Start(system.Foreground, BytesPerSecond, (int)(system.PayloadBytes / RespServer.ValueBytes));
        await system.OrderAsync();
        await system.DoneAsync(LiveBound);
        await context.PassAsync(SecondsAfter);
        await writer.StopAsync();
        var stopped = system.Session.Mark("writes end");
        if (system is SluicePair waiting)
        {
            await context.UntilAsync("the replica has all writes", 60, () => HasAllAsync(waiting));
        }

        var caughtUp = system.Session.Mark("the replica has all writes");
        var seen = await system.Session.FinishAsync();
        var figures = seen.Figures(system.PayloadBytes, Link);
        figures.Add(new Figure("written meanwhile", writer.Written * (double)RespServer.ValueBytes / 1e6, "MB"));
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds = system is not SluicePair sluice ? [] :
            [
                new Bound("live after", seen.CopySeconds, BoundKind.AtMost, LiveBound, "s"),
                SessionRecording.BoundOf(figures, SessionRecording.PrimaryMemory, BoundKind.AtMost, 64),
                new Bound("has the last write after", (caughtUp - stopped) / Recording.Second, BoundKind.AtMost, 5, "s"),
                sluice.NoRestart(),
                await sluice.EqualAsync(),
            ],
        };
    }

    private static async Task<bool> HasAllAsync(SluicePair sluice)
    {
        var primary = await OffsetAsync(sluice.Primary);
        return primary == await OffsetAsync(sluice.Replica);

        async Task<long> OffsetAsync(SluiceNode node) =>
            long.Parse((await node.Server.InfoAsync("replication", sluice.Context.Cancellation))["master_repl_offset"], CultureInfo.InvariantCulture);
    }
}
