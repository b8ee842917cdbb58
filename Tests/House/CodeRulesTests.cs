using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary>The rules of the code that no analyzer knows.</summary>
public sealed partial class CodeRulesTests
{
    private const int MaxFileLines = 500;
    private const int MaxMethodLines = 70;

    // Those that are neither blank nor comment, braces and usings among them: what design.md allows.
    private const int MaxOrleansLocalLines = 4000;

    [Fact]
    public void There_are_files_to_look_at() => Assert.True(SourceTree.CSharpFiles.Count > 50, $"Only {SourceTree.CSharpFiles.Count} C# files below {SourceTree.Root}.");

    [Fact]
    public void No_file_is_longer_than_500_lines() => NoneOf(
        SourceTree.CSharpFiles.Where(file => file.Lines.Count > MaxFileLines).Select(file => $"{file.Path} has {file.Lines.Count} lines"));

    [Fact]
    public void No_method_is_longer_than_70_lines() => NoneOf(
        from file in SourceTree.CSharpFiles
        from member in Members.Of(file.Text)
        where member.Lines > MaxMethodLines
        select $"{file.Path}:{member.Line} '{member.Header}' has {member.Lines} lines");

    [Fact]
    public void No_file_and_no_type_has_a_name_that_says_nothing() => NoneOf(
        Ours.Where(file => EmptyName().IsMatch(Path.GetFileNameWithoutExtension(file.Path))).Select(file => file.Path).Concat(
            from file in Ours
            from Match match in TypeName().Matches(CodeOnly.Of(file.Text))
            where EmptyName().IsMatch(match.Groups[1].Value)
            select $"{file.Path}: {match.Groups[1].Value}"));

    [Fact]
    public void Nothing_is_left_to_do() => NoneOf(
        from file in SourceTree.CSharpFiles
        from line in file.Lines.Index()
        where Unfinished().IsMatch(line.Item) && !file.Path.EndsWith("House/CodeRulesTests.cs", StringComparison.Ordinal)
        select $"{file.Path}:{line.Index + 1} {line.Item.Trim()}");

    [Fact]
    public void Nothing_is_compiled_on_a_condition() => NoneOf(
        from file in SourceTree.CSharpFiles
        from line in file.Lines.Index()
        where line.Item.TrimStart().StartsWith("#if", StringComparison.Ordinal) && !file.Path.StartsWith("Tests/House/", StringComparison.Ordinal)
        select $"{file.Path}:{line.Index + 1}");

    [Fact]
    public void Every_log_event_has_an_id_of_its_own_from_its_folders_range()
    {
        var events = (from file in SourceTree.CSharpFiles
                      where !file.Path.StartsWith("Tests/", StringComparison.Ordinal)
                      from Match match in LogEvent().Matches(file.Text)
                      select (file.Path, Id: int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))).ToList();

        Assert.NotEmpty(events);
        NoneOf(events.GroupBy(found => found.Id).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key} is used {group.Count()} times: {string.Join(", ", group.Select(found => found.Path))}"));
        NoneOf(events.Where(found => found.Id / 1000 != ThousandOf(found.Path)).Select(found => $"{found.Path}: {found.Id} is not in the {ThousandOf(found.Path)}000s"));
    }

    [Fact]
    public void The_stand_in_for_Orleans_stays_small()
    {
        var lines = SourceTree.CSharpFiles.Where(file => file.Path.StartsWith("Runtime/Orleans.Local/", StringComparison.Ordinal))
            .Sum(file => file.Lines.Count(line => !string.IsNullOrWhiteSpace(line) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

        Assert.InRange(lines, 1, MaxOrleansLocalLines);
    }

    [Fact]
    public void Package_versions_stand_in_one_place() => NoneOf(
        SourceTree.Files(".csproj").Where(file => PackageVersion().IsMatch(file.Text)).Select(file => $"{file.Path} names a version: it belongs into Directory.Packages.props"));

    // The names in Runtime/ are those of the packages that it stands in for.
    private static IEnumerable<SourceFile> Ours => SourceTree.CSharpFiles.Where(file => !file.Path.StartsWith("Runtime/", StringComparison.Ordinal));

    private static int ThousandOf(string path) =>
        path.StartsWith("Grains/Storage/", StringComparison.Ordinal) ? 1
        : path.StartsWith("Grains/Replication/", StringComparison.Ordinal) ? 2
        : path.StartsWith("Grains/Bandwidth/", StringComparison.Ordinal) ? 3
        : path.StartsWith("Grains/", StringComparison.Ordinal) ? 4
        : path.StartsWith("Silo/Resp/", StringComparison.Ordinal) ? 5
        : path.StartsWith("Silo/", StringComparison.Ordinal) ? 6
        : path.StartsWith("Client/", StringComparison.Ordinal) ? 7
        : 9;

    private static void NoneOf(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    [GeneratedRegex(@"(Helpers?|Utils?|Utilit(y|ies)|Manager|Common)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?:class\s+|struct\s+)?(\w+)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d+)")]
    private static partial Regex LogEvent();

    [GeneratedRegex(@"<PackageReference[^>]*\bVersion=")]
    private static partial Regex PackageVersion();
}
