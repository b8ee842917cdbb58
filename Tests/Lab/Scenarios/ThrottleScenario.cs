using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>An operator turns the throttle while a copy runs.</summary>
internal sealed class ThrottleScenario : IScenario
{
    private const long Link = 100_000_000;
    private const double Megabyte = 1_000_000;
    private const double Settling = 1;
    private static readonly int[] Rates = [5, 10, 2];

    public string Name => "throttle";

    public string Summary => "`throttle-bytes-per-second` goes from 5 to 10 to 2 MB/s while a copy runs over 100 Mb/s.";

    public IEnumerable<LabCase> Cases(bool quick) => [new(Name, LabCase.VariantOf(NetworkShape.Nic, "cubic"), SystemTable.Sluice, RunAsync)];

    private static async Task<CaseResult> RunAsync(CaseContext context)
    {
        await using var sluice = (SluicePair)await SystemTable.StartAsync(SystemTable.Sluice, context, NetworkShape.Nic, "cubic", Link, 512);
        await ThrottleAsync(sluice, Rates[0]);
        await sluice.OrderAsync();
        await context.UntilAsync("the copy is under way", 30, () => Task.FromResult(sluice.Session.SentSince(sluice.Session.Start) > Megabyte));
        var phases = new List<(int Rate, long From, long Until)>();
        for (var n = 0; n < Rates.Length; n++)
        {
            if (n > 0)
            {
                await ThrottleAsync(sluice, Rates[n]);
            }

            var from = sluice.Session.Mark($"throttle {Rates[n]} MB/s");
            await context.PassAsync(context.IsQuick ? 6 : 15);
            phases.Add((Rates[n], from, ForegroundClient.Now()));
        }

        sluice.Session.MarkEnd();
        var seen = await sluice.Session.FinishAsync();
        return new CaseResult
        {
            Figures = [.. phases.Select(phase => new Figure($"wire at {phase.Rate} MB/s", Rate(seen, phase.From, phase.Until) / Megabyte, "MB/s")), new Figure(SessionRecording.P99, seen.During.P99, "ms")],
            Timeline = seen.Timeline(),
            Bounds =
            [
                .. phases.Select(phase => new Bound(
                    $"wire off by, at {phase.Rate} MB/s from 1 s after the change", Math.Abs(Rate(seen, phase.From, phase.Until) / (phase.Rate * Megabyte) - 1) * 100, BoundKind.AtMost, context.IsQuick ? 20 : 5, "%")),
                .. phases.Select(phase => new Bound($"worst 2 s of it off by, at {phase.Rate} MB/s", Worst(seen, phase), BoundKind.AtMost, context.IsQuick ? 60 : 5, "%")),
                sluice.NoRestart(),
            ],
        };
    }

    private static Task ThrottleAsync(SluicePair sluice, int megabytes) => sluice.Replica.Server.CallAsync($"CONFIG SET throttle-bytes-per-second {megabytes}m", sluice.Context.Cancellation);

    private static double Rate(SessionRecording seen, long from, long until)
    {
        var settled = from + (long)(Settling * Recording.Second);
        return seen.Recording.SentBetween(settled, until) / ((until - settled) / Recording.Second) - seen.IdleBytesPerSecond;
    }

    private static double Worst(SessionRecording seen, (int Rate, long From, long Until) phase) =>
        seen.Recording.Windows(phase.From + (long)(Settling * Recording.Second), phase.Until, 2)
            .Max(window => Math.Abs((window.BytesPerSecond - seen.IdleBytesPerSecond) / (phase.Rate * Megabyte) - 1) * 100);
}
