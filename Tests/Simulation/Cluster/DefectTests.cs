using System.Globalization;
using Sluice.Tests.House;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>The simulator's teeth: each deliberate defect must be seen. The table of them stands in docs/replication.md, and is what was found here.</summary>
public sealed class DefectTests(ITestOutputHelper output)
{
    // Each defect is caught many times over within so many scenarios; one that needs them all is as good as not caught.
    private const int Budget = 3_000;
    private const string Page = "docs/replication.md";
    private const string Heading = "| defect | the invariant that it breaks | within so many scenarios |";

    private static readonly int[] Steps = [1, 3, 10, 30, 100, 300, 1_000, 3_000];

    [Fact]
    public void Every_deliberate_defect_is_caught_as_the_page_says()
    {
        var defects = Enum.GetValues<Defect>().Where(defect => defect != Defect.None).ToArray();
        var lines = new string[defects.Length];
        Parallel.For(0, defects.Length, n => lines[n] = Line(defects[n]));

        var table = string.Join('\n', lines.Prepend("| --- | --- | --- |").Prepend(Heading));
        output.WriteLine(table);
        Assert.DoesNotContain("not caught", table, StringComparison.Ordinal);
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, Page));
        Assert.True(page.Contains(table, StringComparison.Ordinal), $"{Page} has another table of defects than was found; put this one in its place:\n{table}");
    }

    [Fact]
    public void There_are_many_of_them() => Assert.True(Enum.GetValues<Defect>().Length > 20);

    private static string Line(Defect defect)
    {
        for (var seed = 0; seed < Budget; seed++)
        {
            if (Simulation.Run(Scenario.Of(seed), defect).Violation is { } violation)
            {
                return $"| {Words(defect)} | {violation.Invariant} | {Steps.First(step => step > seed).ToString(CultureInfo.InvariantCulture)} |";
            }
        }

        return $"| {Words(defect)} | not caught | {Budget} |";
    }

    private static string Words(Defect defect) =>
        string.Concat(defect.ToString().Select((letter, at) => char.IsUpper(letter) && at > 0 ? $" {char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
