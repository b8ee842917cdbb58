using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>Both sides are killed in the middle of a copy.</summary>
internal sealed class KillScenario : IScenario
{
    private const long Link = 100_000_000;

    public string Name => "kill";

    public string Summary => "kill -9 of the replica at half of a copy over 100 Mb/s, and of the primary at three quarters; each is started again.";

    public IEnumerable<LabCase> Cases(bool quick) =>
        from system in quick ? [SystemTable.Sluice] : new[] { SystemTable.Sluice, SystemTable.RedisDiskless, SystemTable.Rsync }
        select new LabCase(Name, LabCase.VariantOf(NetworkShape.Nic, "cubic"), system, context => RunAsync(context, system));

    private static async Task<CaseResult> RunAsync(CaseContext context, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, NetworkShape.Nic, "cubic", Link, context.IsQuick ? 128 : 512);
        await system.OrderAsync();
        await system.UntilSentAsync(0.5, 120);
        await system.KillReplicaAsync();
        system.Session.Mark("replica killed");
        await system.RestartReplicaAsync();
        system.Session.Mark("replica started");
        await system.UntilSentAsync(0.75, 120);
        await system.KillPrimaryAsync();
        system.Session.Mark("primary killed");
        await system.RestartPrimaryAsync();
        system.Session.Mark("primary started");
        await system.DoneAsync(300);
        var seen = await system.Session.FinishAsync();
        var figures = seen.Figures(system.PayloadBytes, 0);
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds = system is not SluicePair sluice ? [] :
                [SessionRecording.BoundOf(figures, SessionRecording.WireFactor, BoundKind.AtMost, context.IsQuick ? 1.15 : 1.08), await sluice.EqualAsync()],
        };
    }
}
