using Sluice.Client;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>A link that becomes very slow: does the copy still move, and do the nodes still hear each other?</summary>
internal sealed class ShrinkScenario : IScenario
{
    private const long Megabit = 1_000_000;
    private const double Least = 0.8;
    private static readonly int[] Rates = [10, 2];

    // What the log of a node says of another that it takes for gone.
    private static readonly string[] Suspicions = [" is Dead", " is Suspected", "does not answer: flows keep", "cannot reach the topology"];

    public string Name => "shrink";

    public string Summary => "The link falls from 100 Mb/s to 10 Mb/s, then to 2 Mb/s, for 30 s each.";

    public IEnumerable<LabCase> Cases(bool quick) =>
        from shape in new[] { NetworkShape.Nic, NetworkShape.Routed }
        select new LabCase(Name, LabCase.VariantOf(shape, "cubic"), SystemTable.Sluice, context => RunAsync(context, shape));

    private static async Task<CaseResult> RunAsync(CaseContext context, NetworkShape shape)
    {
        await using var sluice = (SluicePair)await SystemTable.StartAsync(SystemTable.Sluice, context, shape, "cubic", 100 * Megabit, 256);
        await sluice.OrderAsync();
        await sluice.UntilSentAsync(0.2, 60);
        var phases = new List<(int Rate, long From, long Until)>();
        var calls = new List<double>();
        foreach (var rate in Rates)
        {
            var from = sluice.Session.Mark($"link falls to {rate} Mb/s");
            await sluice.Network.SetRateAsync(rate * Megabit);
            await CallAsync(sluice, from, context.IsQuick ? 10 : 30, calls);
            phases.Add((rate, from, ForegroundClient.Now()));
        }

        sluice.Session.Mark("link rises to 100 Mb/s");
        await sluice.Network.SetRateAsync(100 * Megabit);
        await sluice.DoneAsync(180);
        var seen = await sluice.Session.FinishAsync();
        return new CaseResult
        {
            Figures =
            [
                .. seen.Figures(sluice.PayloadBytes, 0),
                .. phases.Select(phase => new Figure($"foreground p99 at {phase.Rate} Mb/s", seen.Recording.ForegroundBetween(phase.From, phase.Until).P99, "ms")),
                new Figure("grain calls, slowest", calls.Max() * 1000, "ms"),
            ],
            Timeline = seen.Timeline(),
            Bounds =
            [
                .. phases.Select(phase => new Bound($"part of the link that the copy uses at {phase.Rate} Mb/s", Used(seen, phase), BoundKind.AtLeast, Least, "")),
                new Bound("nodes that were taken for gone", sluice.LogLines(Suspicions), BoundKind.AtMost, 0, ""),
                new Bound($"grain calls without an answer, of {calls.Count}", calls.Count(double.IsInfinity), BoundKind.AtMost, 0, ""),
                sluice.NoRestart(),
                await sluice.EqualAsync(),
            ],
        };
    }

    // Once a second: the replica's node asks the broker, which is a grain on the primary's.
    private static async Task CallAsync(SluicePair sluice, long from, double seconds, List<double> calls)
    {
        while ((ForegroundClient.Now() - from) / Recording.Second < seconds)
        {
            var start = ForegroundClient.Now();
            try
            {
                var answer = await sluice.Replica.Server.InfoAsync("bandwidth", sluice.Context.Cancellation);
                calls.Add(answer.GetValueOrDefault("broker") == "ok" ? (ForegroundClient.Now() - start) / Recording.Second : double.PositiveInfinity);
            }
            catch (SluiceException)
            {
                calls.Add(double.PositiveInfinity);
            }

            await sluice.Context.PassAsync(1);
        }
    }

    private static double Used(SessionRecording seen, (int Rate, long From, long Until) phase) =>
        (seen.Recording.ReceivedBetween(phase.From, phase.Until) * 8 / ((phase.Until - phase.From) / Recording.Second) - seen.IdleBytesPerSecond * 8) / (phase.Rate * Megabit);
}
