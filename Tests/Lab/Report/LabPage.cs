using System.Globalization;
using System.Text;
using Sluice.Lab.Scenarios;
using Sluice.Lab.Systems;

namespace Sluice.Lab.Report;

/// <summary>docs/lab.md: what the lab is, and all that it has shown.</summary>
internal static class LabPage
{
    private const string Opening = """
        # The lab

        `./lab.sh` tests real nodes behind real links: it makes network namespaces, joins them by veth, shapes a link with `tc tbf`, starts silo processes, and measures from outside. It needs Linux and root, installs the Debian packages that
        it needs, says so, and removes all that it made, also on Ctrl-C. This page is written by `./lab.sh --write-docs` from what runs have left in `lab-results.json` and `docs/lab.json`; a scenario can be run again by itself.

        ```
        ./lab.sh                      # everything, about an hour
        ./lab.sh slow/routed kill     # scenarios, or parts of one
        ./lab.sh --quick              # the short form, about three minutes: part of ./test.sh
        ./lab.sh --list
        ```

        Exit status 0 only if all bounds are met.

        ## How it measures

        | what | how |
        | --- | --- |
        | hosts | `prim` has the payload, `repl` is empty. Nodes are bound to their hosts' addresses: data, grain calls and heartbeats of silos all cross the same link |
        | `nic` | the bottleneck is the sender's own egress: `tbf` with `latency 400ms burst 128kb` |
        | `routed` | the bottleneck is a switch between them: the same with a queue of 5 MB, 0.4 s at 100 Mb/s. This is where a copy hurts others most |
        | packets | offloads are off wherever a link has a rate: 1,514 bytes carry 1,448 of data, so no more than 0.956 of a link can be payload |
        | payload | 512 MiB of incompressible 4 KiB values unless said, loaded once; each case starts from a copy of the same database. Time is from the order until the replica serves all of it |
        | utilisation | payload bits by time by the link's rate: files' overhead, headers, foreground, opening, verifying and installing all count against it |
        | wire factor | bytes that the primary's interface sent, headers included and what the foreground took when idle taken off, for each byte of payload |
        | foreground | a program of its own in `repl` asks the primary for a value of 100 bytes 100 times a second over one connection. It is open-loop: a latency counts from when the request was due, so a reply that is late for everybody is late for every request. Served: within a second |
        | idle | the same foreground for 10 s before the copy; bounds are on the difference |
        | memory | the most that resident memory was above that at the order. Of the server process; what the fork of a redis-server copies does not count |
        | CPU | user and system seconds of the process and its children for each GiB of payload |
        | equal | at the end `sluice digest` compares all keys, values and expiries of both nodes |

        Peers are Debian's `redis-server` and `rsync` with their defaults, in the same run: Redis from a file on the primary's disk or diskless (without its 5 s of delay), rsync from a daemon, whole files, the same database without its archived logs; `rsync bwlimit` is told to keep to 80 % of the link.


        """;

    private static readonly string[] Columns =
    [
        SessionRecording.Seconds, SessionRecording.Utilisation, SessionRecording.WireFactor, SessionRecording.IdleP99, SessionRecording.P50, SessionRecording.P99, SessionRecording.Max, SessionRecording.ServedPerSecond,
        SessionRecording.PrimaryMemory, SessionRecording.ReplicaMemory, SessionRecording.PrimaryCpu, SessionRecording.ReplicaCpu,
    ];

    /// <summary>The page.</summary>
    public static string Render(IReadOnlyList<CaseResult> results, IReadOnlyList<(string Scenario, string File, string Title)> pictures)
    {
        var page = new StringBuilder(Opening.ReplaceLineEndings("\n"));
        var bounds = results.SelectMany(result => result.Bounds).ToList();
        page.Append(CultureInfo.InvariantCulture, $"## Scenarios\n\n{bounds.Count(bound => bound.IsMet)} of {bounds.Count} bounds are met in the runs that this page shows.\n\n");
        foreach (var scenario in ScenarioTable.All)
        {
            var mine = results.Where(result => result.Scenario == scenario.Name).ToList();
            if (mine.Count > 0)
            {
                Render(page, scenario, mine, [.. pictures.Where(picture => picture.Scenario == scenario.Name)]);
            }
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static void Render(StringBuilder page, IScenario scenario, IReadOnlyList<CaseResult> results, IReadOnlyList<(string Scenario, string File, string Title)> pictures)
    {
        page.Append(CultureInfo.InvariantCulture, $"### {scenario.Name}\n\n{scenario.Summary}\n\n");
        var columns = Columns.Where(name => results.Any(result => result.Find(name) is not null)).ToList();
        if (columns.Count > 2)
        {
            page.Append(CultureInfo.InvariantCulture, $"| case | system | {string.Join(" | ", columns)} |\n| --- | --- |{string.Concat(Enumerable.Repeat(" --- |", columns.Count))}\n");
            foreach (var result in results)
            {
                page.Append(CultureInfo.InvariantCulture, $"| {result.Variant} | {NameOf(result)} | {string.Join(" | ", columns.Select(name => result.Find(name)?.Text ?? "-"))} |\n");
            }

            page.Append('\n');
        }

        foreach (var result in results)
        {
            var others = result.Figures.Where(figure => columns.Count <= 2 || !columns.Contains(figure.Name)).ToList();
            if (others.Count > 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"{result.Variant}, {NameOf(result)}: {string.Join("; ", others.Select(figure => $"{figure.Name} {figure.Text}"))}.\n\n");
            }

            if (result.Failure.Length > 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"{result.Variant}, {NameOf(result)} broke off: {result.Failure.Split('\n')[0]}\n\n");
            }
        }

        RenderBounds(page, results);
        foreach (var (_, file, title) in pictures)
        {
            page.Append(CultureInfo.InvariantCulture, $"![{title}](images/{file})\n\n");
        }
    }

    private static void RenderBounds(StringBuilder page, IReadOnlyList<CaseResult> results)
    {
        if (results.All(result => result.Bounds.Count == 0))
        {
            return;
        }

        page.Append("| case | what must hold | figure | bound | |\n| --- | --- | --- | --- | --- |\n");
        foreach (var (result, bound) in results.SelectMany(result => result.Bounds.Select(bound => (result, bound))))
        {
            page.Append(CultureInfo.InvariantCulture, $"| {result.Variant} | {bound.Name} | {bound.ValueText} | {bound.LimitText} | {(bound.IsMet ? "met" : "**missed**")} |\n");
        }

        page.Append('\n');
    }

    private static string NameOf(CaseResult result) => result.System switch
    {
        SystemTable.Naive => "the naive copier",
        SystemTable.RsyncLimited => "rsync --bwlimit",
        var name => name,
    };
}
