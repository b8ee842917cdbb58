using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Scenarios;

/// <summary>No link to wait for: what the copiers themselves need.</summary>
internal sealed class UnlimitedScenario : IScenario
{
    private const int Mib = 2048;
    private const int Rounds = 3;
    private const double LeastOfRsync = 0.6;
    private const double MiB = 1024 * 1024;

    public string Name => "unlimited";

    public string Summary => "2 GiB without any shaping, offloads on, no foreground: what processors and disk give. rsync and Sluice in turns, three times; data durable at the end.";

    public IEnumerable<LabCase> Cases(bool quick)
    {
        yield return Case(SystemTable.Sluice, CompareAsync);
        if (!quick)
        {
            yield return Case(SystemTable.RedisDiskless, context => AloneAsync(context, SystemTable.RedisDiskless));
            yield return Case(SystemTable.RedisDisk, context => AloneAsync(context, SystemTable.RedisDisk));
        }
    }

    private LabCase Case(string system, Func<CaseContext, Task<CaseResult>> run) => new(Name, "none/cubic", system, run);

    private static async Task<CaseResult> CompareAsync(CaseContext context)
    {
        var (sluice, rsync) = (new List<Round>(), new List<Round>());
        for (var n = 0; n < Rounds; n++)
        {
            rsync.Add(await RoundAsync(context, SystemTable.Rsync));
            sluice.Add(await RoundAsync(context, SystemTable.Sluice));
        }

        var (ours, theirs) = (Median(sluice), Median(rsync));
        return new CaseResult
        {
            Figures =
            [
                .. Figures("Sluice", ours),
                .. Figures("rsync, then sync", theirs),
                new Figure("Sluice, rounds from", sluice.Min(round => round.Speed), "MiB/s"),
                new Figure("Sluice, rounds to", sluice.Max(round => round.Speed), "MiB/s"),
                new Figure("rsync, rounds from", rsync.Min(round => round.Speed), "MiB/s"),
                new Figure("rsync, rounds to", rsync.Max(round => round.Speed), "MiB/s"),
            ],
            Bounds = [new Bound("Sluice's MiB/s of rsync's", ours.Speed / theirs.Speed, BoundKind.AtLeast, LeastOfRsync, "")],
        };
    }

    private static async Task<CaseResult> AloneAsync(CaseContext context, string system) => new() { Figures = [.. Figures(system, await RoundAsync(context, system))] };

    private static async Task<Round> RoundAsync(CaseContext context, string name)
    {
        await using var system = await SystemTable.StartAsync(name, context, NetworkShape.Nic, "cubic", 0, context.IsQuick ? Mib / 8 : Mib, measuresForeground: false);

        // What starting has left unwritten must not be in the figure.
        await Tool.RunAsync("sync");
        await system.OrderAsync();
        await system.DoneAsync(300);
        var copied = system.Session.End;
        if (system is RsyncPair)
        {
            await Tool.RunAsync("sync", "-f", context.Directory);
            system.Session.MarkEnd();
        }

        var seen = await system.Session.FinishAsync();
        var seconds = seen.CopySeconds;
        var round = new Round(
            system.PayloadBytes / MiB / seconds, system.PayloadBytes / MiB / ((copied - seen.Start) / Measuring.Recording.Second),
            seen.CopySeconds, seen.Recording.PrimaryCpu(seen.Start, seen.End), seen.Recording.ReplicaCpu(seen.Start, seen.End), seen.Recording.PrimaryGrowth(seen.Start, seen.End) / MiB, seen.Recording.ReplicaGrowth(seen.Start, seen.End) / MiB);
        await system.DisposeAsync();
        foreach (var left in Directory.EnumerateFileSystemEntries(context.Directory).ToList())
        {
            await Tool.RunAsync("rm", "-rf", left);
        }

        return round;
    }

    private static Round Median(List<Round> rounds) => rounds.OrderBy(round => round.Speed).ElementAt(rounds.Count / 2);

    private static IEnumerable<Figure> Figures(string name, Round round) =>
    [
        new($"{name}: durable", round.Speed, "MiB/s"), new($"{name}: until done", round.SpeedUntilDone, "MiB/s"),
        new($"{name}: processors busy with it", (round.PrimaryCpu + round.ReplicaCpu) / round.Seconds / Environment.ProcessorCount * 100, "%"),
        new($"{name}: primary's CPU", round.PrimaryCpu, "s"), new($"{name}: replica's CPU", round.ReplicaCpu, "s"),
        new($"{name}: primary's memory", round.PrimaryMemory, "MiB"), new($"{name}: replica's memory", round.ReplicaMemory, "MiB"),
    ];

    /// <summary>One copy. Speeds in MiB/s, times in seconds, memory growth in MiB.</summary>
    private sealed record Round(double Speed, double SpeedUntilDone, double Seconds, double PrimaryCpu, double ReplicaCpu, double PrimaryMemory, double ReplicaMemory);
}
