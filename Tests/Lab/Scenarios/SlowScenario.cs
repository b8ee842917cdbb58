using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>A full copy over a slow link; and the same, politely.</summary>
internal sealed class SlowScenario : IScenario
{
    private const long Link = 100_000_000;

    // The short form runs on machines that have other work: it would find a copy that starts over, floods the link or stands still, and no more.
    private const int QuickMib = 192;
    private const double QuickUtilisation = 0.5;
    private const double QuickAboveIdle = 150;

    private SlowScenario()
    {
    }

    public static SlowScenario Slow { get; } = new()
    {
        Name = "slow", Summary = "A full copy over 100 Mb/s.", LeastUtilisation = 0.93, MostAboveIdle = 12,
        Peers = [SystemTable.RedisDiskless, SystemTable.RedisDisk, SystemTable.Rsync],
    };

    public static SlowScenario Polite { get; } = new()
    {
        Name = "slow-polite", Summary = "The same with `sync-headroom-percent 20`.", HeadroomPercent = 20, LeastUtilisation = 0.75, MostAboveIdle = 2,
        Peers = [SystemTable.RsyncLimited],
    };

    public required string Name { get; init; }

    public required string Summary { get; init; }

    /// <summary>sync-headroom-percent of both nodes; null: the default.</summary>
    private int? HeadroomPercent { get; init; }

    private double LeastUtilisation { get; init; }

    /// <summary>By how many milliseconds the foreground's p99 may be above that of the idle link.</summary>
    private double MostAboveIdle { get; init; }

    private IReadOnlyList<string> Peers { get; init; } = [];

    public IEnumerable<LabCase> Cases(bool quick)
    {
        foreach (var shape in quick ? [NetworkShape.Routed] : new[] { NetworkShape.Nic, NetworkShape.Routed })
        {
            foreach (var congestionControl in quick ? ["cubic"] : new[] { "cubic", "bbr" })
            {
                yield return Case(shape, congestionControl, SystemTable.Sluice);
            }

            foreach (var peer in quick ? [] : Peers)
            {
                yield return Case(shape, "cubic", peer);
            }
        }
    }

    private LabCase Case(NetworkShape shape, string congestionControl, string system) =>
        new(Name, LabCase.VariantOf(shape, congestionControl), system, context => RunAsync(context, shape, congestionControl, system));

    private async Task<CaseResult> RunAsync(CaseContext context, NetworkShape shape, string congestionControl, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, shape, congestionControl, Link, context.IsQuick ? QuickMib : 512);
        if (system is SluicePair configured && HeadroomPercent is { } percent)
        {
            await configured.ConfigureAsync("sync-headroom-percent", $"{percent}");
        }

        await system.OrderAsync();
        await system.DoneAsync(180);
        var seen = await system.Session.FinishAsync();
        var figures = seen.Figures(system.PayloadBytes, Link);
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds = system is not SluicePair sluice ? [] :
            [
                SessionRecording.BoundOf(figures, SessionRecording.Utilisation, BoundKind.AtLeast, context.IsQuick ? QuickUtilisation : LeastUtilisation),
                SessionRecording.BoundOf(figures, SessionRecording.WireFactor, BoundKind.AtMost, context.IsQuick ? 1.1 : 1.06),
                sluice.NoRestart(),
                SessionRecording.BoundOf(figures, SessionRecording.PrimaryMemory, BoundKind.AtMost, 64),
                SessionRecording.BoundOf(figures, SessionRecording.ReplicaMemory, BoundKind.AtMost, 64),
                seen.ForegroundBound(SessionRecording.P99, seen.Start, seen.End, context.IsQuick ? QuickAboveIdle : MostAboveIdle),
                await sluice.EqualAsync(),
            ],
        };
    }
}
