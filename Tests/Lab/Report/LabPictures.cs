using Sluice.Lab.Systems;

namespace Sluice.Lab.Report;

/// <summary>The pictures of docs/lab.md: throughput, foreground latency and the primary's memory over time, all systems of a scenario in the same axes.</summary>
internal static class LabPictures
{
    private const double LeastLatency = 0.1;
    private static readonly (string System, string Color)[] Colors =
    [
        (SystemTable.Sluice, "#2b7bba"), (SystemTable.RedisDiskless, "#c0392b"), (SystemTable.RedisDisk, "#e07b28"), (SystemTable.Rsync, "#888"), (SystemTable.RsyncLimited, "#888"), (SystemTable.Naive, "#c0392b"),
    ];

    /// <summary>Writes them into a folder; gives the name of each and what it shows.</summary>
    public static IReadOnlyList<(string Scenario, string File, string Title)> Write(IReadOnlyList<CaseResult> results, string folder)
    {
        var pictures = new List<(string, string, string)>();
        foreach (var group in results.Where(result => result.Timeline is not null && result.Variant.EndsWith("/cubic", StringComparison.Ordinal)).GroupBy(result => (result.Scenario, result.Variant)))
        {
            // The failure beside the same task done right.
            var drawn = group.Key.Scenario == "incident"
                ? [.. group, .. results.Where(result => result is { Scenario: "slow", Variant: "nic/cubic", System: SystemTable.Sluice, Timeline: not null })]
                : group.OrderBy(result => result.System == SystemTable.Sluice).ToList();
            var file = $"lab-{group.Key.Scenario}-{group.Key.Variant.Split('/')[0]}.svg";
            var title = $"{group.Key.Scenario}: {TitleOf(group.Key.Variant)}";
            Chart(title, drawn).Write(Path.Combine(folder, file));
            pictures.Add((group.Key.Scenario, file, title));
        }

        return pictures;
    }

    private static string TitleOf(string variant) => variant.Split('/')[0] switch
    {
        "nic" => "the bottleneck is the sender's own interface",
        "routed" => "the bottleneck is a switch's port with a queue of 5 MB",
        _ => "no bottleneck",
    };

    private static SvgChart Chart(string title, IReadOnlyList<CaseResult> results)
    {
        var until = results.Max(result => result.Timeline!.Sent.Count * result.Timeline.Step);
        return new SvgChart(title, "seconds", 0, until,
        [
            Panel("sent by the primary, Mb/s", results, timeline => timeline.Sent, 0),
            Panel("foreground, worst of each half second, ms", results, timeline => timeline.Foreground, LeastLatency),
            Panel("memory of the primary, growth in MiB", results, timeline => [.. timeline.PrimaryMemory.Select(memory => Math.Max(0, memory - timeline.PrimaryMemory[0]))], 0),
        ]);
    }

    private static SvgPanel Panel(string title, IReadOnlyList<CaseResult> results, Func<Timeline, IReadOnlyList<double>> values, double least)
    {
        var series = results.Select(result => new SvgSeries(
            result.System == SystemTable.Sluice ? "Sluice" : result.System, ColorOf(result.System), [.. values(result.Timeline!).Select((value, n) => ((n + 0.5) * result.Timeline!.Step, Math.Max(value, least)))])).ToList();
        var most = series.SelectMany(line => line.Points).Max(point => point.Y);
        return new SvgPanel(title, series, least > 0 ? Math.Pow(10, Math.Ceiling(Math.Log10(Math.Max(most, least * 100)))) : Math.Max(most * 1.1, 1), least);
    }

    private static string ColorOf(string system) => Colors.First(known => known.System == system).Color;
}
