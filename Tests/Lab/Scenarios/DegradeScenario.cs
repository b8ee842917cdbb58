using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>The link of the incident: it falls to a tenth while a copy runs, and rises again.</summary>
internal sealed class DegradeScenario : IScenario
{
    private const long Fast = 1_000_000_000;
    private const long Slow = 100_000_000;

    // What waits in the sender's own queue when it sends no more than the link carries: twice the target of 10 ms.
    private const long SmallBacklog = Slow / 8 / 50;

    public string Name => "degrade";

    public string Summary => "The link falls from 1 Gb/s to 100 Mb/s while a copy runs, and rises again later.";

    public IEnumerable<LabCase> Cases(bool quick)
    {
        foreach (var shape in quick ? [NetworkShape.Routed] : new[] { NetworkShape.Nic, NetworkShape.Routed })
        {
            foreach (var congestionControl in quick ? ["cubic"] : new[] { "cubic", "bbr" })
            {
                yield return Case(shape, congestionControl, SystemTable.Sluice);
            }
        }

        if (!quick)
        {
            yield return Case(NetworkShape.Routed, "cubic", SystemTable.RedisDiskless);
            yield return Case(NetworkShape.Routed, "cubic", SystemTable.Rsync);
        }
    }

    private LabCase Case(NetworkShape shape, string congestionControl, string system) =>
        new(Name, LabCase.VariantOf(shape, congestionControl), system, context => RunAsync(context, shape, congestionControl, system));

    private static async Task<CaseResult> RunAsync(CaseContext context, NetworkShape shape, string congestionControl, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, shape, congestionControl, Fast, context.IsQuick ? 1024 : 2048);
        var sluice = system as SluicePair;
        await system.OrderAsync();
        await system.UntilSentAsync(0.4, 120);
        var fall = system.Session.Mark("link falls to 100 Mb/s");
        await system.Network.SetRateAsync(Slow);
        var hold = context.IsQuick ? 10 : 20;
        var (drained, alerted) = await WatchAsync(system, sluice, fall, hold);
        var rise = system.Session.Mark("link rises to 1 Gb/s");
        await system.Network.SetRateAsync(Fast);
        await system.DoneAsync(300);
        var seen = await system.Session.FinishAsync();
        var calm = fall + (long)(2 * Recording.Second);
        var figures = seen.Figures(system.PayloadBytes, 0);
        figures.Add(new Figure("foreground p99 from 2 s after the fall", seen.Recording.ForegroundBetween(calm, rise).P99, "ms"));
        return new CaseResult
        {
            Figures = figures,
            Timeline = seen.Timeline(),
            Bounds = sluice is null ? [] :
            [
                sluice.NoRestart(),
                new Bound("below the new capacity after", shape == NetworkShape.Nic ? drained : SecondsUntilBelow(seen, fall, rise), BoundKind.AtMost, context.IsQuick ? 4 : 2, "s"),
                seen.ForegroundBound("foreground p99 from 2 s after the fall", calm, rise, context.IsQuick ? 100 : 12),
                new Bound("LinkDegraded raised after", alerted, BoundKind.AtMost, hold, "s"),
                new Bound("new speed found after", SecondsUntilFound(seen, fall, rise), BoundKind.AtMost, context.IsQuick ? 15 : 5, "s"),
                await sluice.EqualAsync(),
            ],
        };
    }

    // While the link is slow: when the sender's own queue was small again, and when the alert was raised; infinite: not.
    private static async Task<(double Drained, double Alerted)> WatchAsync(CopySystem system, SluicePair? sluice, long fall, double seconds)
    {
        var (drained, alerted) = (double.PositiveInfinity, double.PositiveInfinity);
        double Elapsed() => (ForegroundClient.Now() - fall) / Recording.Second;
        while (Elapsed() < seconds)
        {
            if (await system.Network.ReadBacklogAsync() > SmallBacklog)
            {
                drained = double.PositiveInfinity;
            }
            else if (double.IsInfinity(drained))
            {
                drained = Elapsed();
            }

            if (double.IsInfinity(alerted) && sluice is not null
                && (await sluice.Primary.Server.InfoAsync("bandwidth", system.Context.Cancellation)).Any(field => field.Key.StartsWith("alert", StringComparison.Ordinal) && field.Value.Contains("kind=LinkDegraded", StringComparison.Ordinal)))
            {
                alerted = Elapsed();
                system.Session.Mark("LinkDegraded raised");
            }

            await system.Context.PassAsync(0.2);
        }

        return (drained, alerted);
    }

    // From when on the sender sends no more than the link carries: what it sends for acknowledged losses and probes counts too.
    private static double SecondsUntilBelow(SessionRecording seen, long fall, long rise)
    {
        var last = seen.Recording.Windows(fall, rise, 1).Where(window => window.BytesPerSecond > Slow / 8 * 1.02).Select(window => window.From).DefaultIfEmpty(fall).Last();
        return (last - fall) / Recording.Second;
    }

    // Until the sender has nine tenths of its rate from before the fall.
    private static double SecondsUntilFound(SessionRecording seen, long fall, long rise)
    {
        var before = seen.Recording.SentBetween(fall - (long)(3 * Recording.Second), fall) / 3;
        return seen.Recording.Windows(rise, seen.End, 0.5).Where(window => window.BytesPerSecond >= 0.9 * before)
            .Select(window => (window.From - rise) / Recording.Second + 0.5).DefaultIfEmpty(double.PositiveInfinity).First();
    }
}
