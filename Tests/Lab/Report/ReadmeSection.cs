using System.Globalization;
using System.Text;
using Sluice.Lab.Scenarios;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Report;

/// <summary>The essence of the lab in README.md: the failure, and the same task done by Sluice and its peers. What stands between two marks of the page is written anew.</summary>
internal static class ReadmeSection
{
    public const string Begin = "<!-- written by ./lab.sh --write-docs -->";
    public const string End = "<!-- end of what is written -->";
    private const string Picture = "lab-incident-nic.svg";
    private static readonly string[] Columns = [SessionRecording.Seconds, SessionRecording.WireFactor, SessionRecording.P99, SessionRecording.ServedPerSecond, SessionRecording.PrimaryMemory];
    private static readonly (string Scenario, string Variant, string System, string Name)[] Rows =
    [
        ("incident", "nic/cubic", SystemTable.Naive, "the naive copier, broken off after 120 s"),
        ("slow", "routed/cubic", SystemTable.RedisDiskless, "Redis, diskless"),
        ("slow", "routed/cubic", SystemTable.Rsync, "rsync"),
        ("slow", "routed/cubic", SystemTable.Sluice, "Sluice"),
        ("slow-polite", "routed/cubic", SystemTable.Sluice, "Sluice, `sync-headroom-percent 20`"),
    ];

    /// <summary>The page with its section written anew; unchanged when it has no marks or there is nothing to tell.</summary>
    public static string Renew(string readme, IReadOnlyList<CaseResult> results)
    {
        var (begin, end) = (readme.IndexOf(Begin, StringComparison.Ordinal), readme.IndexOf(End, StringComparison.Ordinal));
        var rows = Rows.Select(row => (row.Name, Result: results.FirstOrDefault(result => result.Scenario == row.Scenario && result.Variant == row.Variant && result.System == row.System))).Where(row => row.Result is not null).ToList();
        return begin < 0 || end < begin || rows.Count == 0 ? readme : $"{readme[..(begin + Begin.Length)]}\n\n{Render(rows!, results)}\n{readme[end..]}";
    }

    private static string Render(IReadOnlyList<(string Name, CaseResult Result)> rows, IReadOnlyList<CaseResult> results)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"| 512 MiB over 100 Mb/s | {string.Join(" | ", Columns)} |\n| --- |{string.Concat(Enumerable.Repeat(" --- |", Columns.Length))}\n");
        foreach (var (name, result) in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", Columns.Select(column => result.Find(column)?.Text ?? "-"))} |\n");
        }

        var bounds = results.SelectMany(result => result.Bounds).ToList();
        text.Append(CultureInfo.InvariantCulture, $"\n{bounds.Count(bound => bound.IsMet)} of {bounds.Count} bounds of all scenarios are met: [docs/lab.md](docs/lab.md) has all figures.\n");
        return results.Any(result => result is { Scenario: "incident", Timeline: not null }) ? $"{text}\n![The incident, and the same copy by Sluice](docs/images/{Picture})\n" : text.ToString();
    }
}
