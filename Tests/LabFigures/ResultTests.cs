using Sluice.Lab;
using Sluice.Lab.Report;
using Sluice.Lab.Scenarios;

namespace Sluice.Tests.LabFigures;

/// <summary>Results, their file, and what the lab's command line means.</summary>
public sealed class ResultTests
{
    [Fact]
    public void A_case_that_is_run_again_replaces_its_older_result_but_a_short_run_never_a_whole_one()
    {
        var whole = Result("slow", 1, isQuick: false);

        Assert.Equal([2], ResultStore.Merge([whole], [Result("slow", 2, isQuick: false)]).Select(Value));
        Assert.Equal([1], ResultStore.Merge([whole], [Result("slow", 2, isQuick: true)]).Select(Value));
        Assert.Equal([1, 2], ResultStore.Merge([whole], [Result("kill", 2, isQuick: true)]).Select(Value));
        Assert.Equal([3], ResultStore.Merge([Result("slow", 2, isQuick: true)], [Result("slow", 3, isQuick: false)]).Select(Value));
    }

    [Fact]
    public void Results_come_back_from_the_file_as_they_were_written()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("sluice-results").FullName, "lab.json");
        var result = Result("slow", double.PositiveInfinity, isQuick: false) with
        {
            Bounds = [new Bound("p99", 3, BoundKind.AtMost, 2, "ms")],
            Timeline = new Timeline { Step = 0.5, Sent = [1, 2], Foreground = [3, 4], PrimaryMemory = [5, 6], Marks = [new TimelineMark(1, "done")] },
        };
        var store = new ResultStore(path);

        store.Add([result]);

        var back = Assert.Single(store.Read());
        Assert.Equal(double.PositiveInfinity, Value(back));
        Assert.False(back.IsMet);
        Assert.Equal("at most 2.00 ms", back.Bounds[0].LimitText);
        Assert.Equal(result.Timeline.Foreground, back.Timeline!.Foreground);
        Assert.Equal(result.Timeline.Marks, back.Timeline.Marks);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Theory]
    [InlineData("slow", "slow/nic/cubic/Sluice", true)]
    [InlineData("slow/nic", "slow-polite/nic/cubic/Sluice", false)]
    [InlineData("slow/routed/bbr", "slow/routed/bbr/Sluice", true)]
    [InlineData("slow/routed", "slow/nic/bbr/Sluice", false)]
    public void A_word_names_the_cases_below_it(string word, string id, bool isNamed)
    {
        var cases = ScenarioTable.Select([word], quick: false, out var unknown);

        Assert.Null(unknown);
        Assert.Equal(isNamed, cases.Any(known => known.Id == id));
    }

    [Fact]
    public void Cases_have_different_names_and_the_short_form_is_short()
    {
        var all = ScenarioTable.Select([], quick: false, out _);
        var quick = ScenarioTable.Select([], quick: true, out _);

        Assert.Equal(all.Count, all.Select(known => known.Id).Distinct().Count());
        Assert.InRange(quick.Count, 2, 6);
    }

    [Fact]
    public void A_word_that_means_nothing_is_refused()
    {
        _ = ScenarioTable.Select(["nonsense"], quick: false, out var unknown);

        Assert.Equal("nonsense", unknown);
        Assert.Throws<FormatException>(() => LabOptions.Parse(["--nonsense"]));
        Assert.Throws<FormatException>(() => LabOptions.Parse(["--results"]));
        Assert.Equal("x.json", LabOptions.Parse(["slow", "--results", "x.json"]).Results);
    }

    [Fact]
    public void The_page_tells_of_every_bound_whether_it_is_met()
    {
        var page = LabPage.Render([Result("slow", 1, isQuick: false) with { Bounds = [new Bound("a", 1, BoundKind.AtLeast, 1, ""), new Bound("b", 0.5, BoundKind.AtLeast, 1, "")] }], []);

        Assert.Contains("1 of 2 bounds are met", page, StringComparison.Ordinal);
        Assert.Contains("| a | 1.000 | at least 1.000 | met |", page, StringComparison.Ordinal);
        Assert.Contains("| b | 0.500 | at least 1.000 | **missed** |", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_section_of_the_readme_is_written_anew_and_the_rest_is_left()
    {
        var readme = $"before\n{ReadmeSection.Begin}\nold\n{ReadmeSection.End}\nafter\n";

        var renewed = ReadmeSection.Renew(readme, [Result("slow", 45, isQuick: false) with { Variant = "routed/cubic" }]);

        Assert.StartsWith($"before\n{ReadmeSection.Begin}\n", renewed, StringComparison.Ordinal);
        Assert.EndsWith($"\n{ReadmeSection.End}\nafter\n", renewed, StringComparison.Ordinal);
        Assert.Contains("| Sluice | 45.0 s | - |", renewed, StringComparison.Ordinal);
        Assert.DoesNotContain("old", renewed, StringComparison.Ordinal);
        Assert.Equal("no marks", ReadmeSection.Renew("no marks", [Result("slow", 45, isQuick: false)]));
    }

    private static CaseResult Result(string scenario, double value, bool isQuick) =>
        new() { Scenario = scenario, Variant = "nic/cubic", System = "Sluice", IsQuick = isQuick, Figures = [new Figure("time", value, "s")] };

    private static double Value(CaseResult result) => result.Figures[0].Value;
}
