using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>The cable is pulled, for a moment, for longer, for long.</summary>
internal sealed class CutScenario : IScenario
{
    private const long Link = 100_000_000;
    private const double MostSecondsToGoOn = 15;
    private const double MostWire = 1.08;
    private static readonly (double At, int Seconds)[] Cuts = [(0.15, 3), (0.4, 30), (0.65, 90)];

    public string Name => "cut";

    public string Summary => "The link of 100 Mb/s is cut for 3, 30 and 90 s while a copy runs.";

    public IEnumerable<LabCase> Cases(bool quick) => [new(Name, LabCase.VariantOf(NetworkShape.Routed, "cubic"), SystemTable.Sluice, RunAsync)];

    private static async Task<CaseResult> RunAsync(CaseContext context)
    {
        await using var sluice = (SluicePair)await SystemTable.StartAsync(SystemTable.Sluice, context, NetworkShape.Routed, "cubic", Link, 512);
        await sluice.OrderAsync();
        var mended = new List<(int Seconds, long At)>();
        foreach (var (part, seconds) in Cuts)
        {
            await sluice.UntilSentAsync(part, 300);
            await sluice.Network.CutAsync(isCut: true);
            sluice.Session.Mark($"link cut for {seconds} s");
            await context.PassAsync(seconds);
            await sluice.Network.CutAsync(isCut: false);
            mended.Add((seconds, sluice.Session.Mark("link mended")));
        }

        await sluice.DoneAsync(300);
        var seen = await sluice.Session.FinishAsync();
        var figures = seen.Figures(sluice.PayloadBytes, 0);
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds =
            [
                .. mended.Select(cut => new Bound($"goes on after a cut of {cut.Seconds} s after", SecondsUntilMoving(seen, cut.At), BoundKind.AtMost, MostSecondsToGoOn, "s")),
                SessionRecording.BoundOf(figures, SessionRecording.WireFactor, BoundKind.AtMost, MostWire),
                await sluice.EqualAsync(),
            ],
        };
    }

    // Until half of the link is used again.
    private static double SecondsUntilMoving(SessionRecording seen, long mended) =>
        seen.Recording.Windows(mended, seen.End, 0.5, received: true).Where(window => window.BytesPerSecond * 8 >= Link / 2)
            .Select(window => (window.From - mended) / Recording.Second).DefaultIfEmpty(double.PositiveInfinity).First();
}
