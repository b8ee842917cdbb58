using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>The failure that Sluice exists against: what happens to a copier with fixed pieces, fixed timeouts and repeated requests.</summary>
internal sealed class IncidentScenario : IScenario
{
    private const long Link = 100_000_000;
    private const double PayloadFactor = 2;
    private const double LeastGrowthMiB = 100;

    public string Name => "incident";

    public string Summary => "The naive copier of the incident over 100 Mb/s, for two minutes: 4 workers, 4 MiB pieces, 1 s timeout, asks again while the answer is queued. What must be seen here is the failure.";

    public IEnumerable<LabCase> Cases(bool quick) => [new(Name, LabCase.VariantOf(NetworkShape.Nic, "cubic"), SystemTable.Naive, RunAsync)];

    private static async Task<CaseResult> RunAsync(CaseContext context)
    {
        await using var naive = (NaivePair)await SystemTable.StartAsync(SystemTable.Naive, context, NetworkShape.Nic, "cubic", Link, 512);
        var seconds = context.IsQuick ? 30 : 120;
        await naive.OrderAsync();
        await context.PassAsync(seconds);
        var isDone = await naive.IsDoneAsync();
        naive.Session.MarkEnd();
        var seen = await naive.Session.FinishAsync();
        var figures = seen.Figures(naive.PayloadBytes, 0);
        figures.Add(new Figure("pieces in time", naive.Pieces, ""));
        figures.Add(new Figure("pieces in all", naive.AllPieces, ""));
        figures.Add(new Figure("timeouts", naive.Timeouts, ""));
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds =
            [
                new Bound($"finished after {seconds} s (1: yes)", isDone ? 1 : 0, BoundKind.AtMost, 0, ""),
                SessionRecording.BoundOf(figures, SessionRecording.WireFactor, BoundKind.AtLeast, context.IsQuick ? PayloadFactor / 4 : PayloadFactor),
                SessionRecording.BoundOf(figures, SessionRecording.PrimaryMemory, BoundKind.AtLeast, LeastGrowthMiB),
            ],
        };
    }
}
