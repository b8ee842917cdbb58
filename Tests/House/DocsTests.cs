using System.CommandLine;
using System.Text.RegularExpressions;
using Sluice.Cli;
using Sluice.Configuration;
using Sluice.Silo.Configuration;
using Sluice.Silo.Resp.Commands;

namespace Sluice.Tests.House;

/// <summary>The docs stay true: what exists is in them, and what is in them exists.</summary>
public sealed partial class DocsTests
{
    private static readonly string[] Pages = ["README.md", "docs/operating.md", "docs/architecture.md", "docs/bandwidth.md", "docs/client.md", "docs/lab.md"];

    [Fact]
    public void Every_command_and_option_of_the_command_line_is_in_the_docs()
    {
        var docs = SourceTree.Read("docs/client.md");
        using var environment = CommandEnvironment.OfProcess();

        NoneOf(Words(SluiceCommandLine.Build(environment), "sluice").Where(word => !Names(docs, word)).Select(word => $"docs/client.md does not name `{word}`"));
    }

    [Fact]
    public void Every_setting_of_a_node_is_in_the_docs()
    {
        var docs = SourceTree.Read("docs/operating.md");

        NoneOf(NodeSetting.All.Select(setting => $"--{setting.Name}").Append("--config").Where(option => !Names(docs, option)).Select(option => $"docs/operating.md does not name `{option}`"));
    }

    [Fact]
    public void Every_parameter_of_CONFIG_is_in_the_docs()
    {
        var docs = SourceTree.Read("docs/operating.md");

        NoneOf(ConfigurationParameters.All.Concat(ClassParameters.All).Where(parameter => !docs.Contains($"| `{parameter.Name}` |", StringComparison.Ordinal)).Select(parameter => $"docs/operating.md has no row for `{parameter.Name}`"));
    }

    [Fact]
    public void Every_RESP_command_is_in_the_docs()
    {
        var docs = SourceTree.Read("docs/operating.md");
        var commands = CommandTable.Commands.SelectMany<CommandInfo, CommandInfo>(command => [command, .. command.Subcommands]).Where(command => !command.Name.EndsWith("|help", StringComparison.Ordinal));

        NoneOf(commands.Select(command => command.Name.Replace('|', ' ').ToUpperInvariant()).Where(name => !docs.Contains($"| `{name}` |", StringComparison.Ordinal)).Select(name => $"docs/operating.md has no row for `{name}`"));
    }

    [Fact]
    public void Every_field_of_INFO_is_in_the_docs()
    {
        var docs = SourceTree.Read("docs/operating.md");
        var fields = SourceTree.CSharpFiles.Where(file => file.Path.StartsWith("Silo/Resp/Info/", StringComparison.Ordinal))
            .SelectMany(file => InfoField().Matches(file.Text)).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.True(fields.Count > 50, $"Only {fields.Count} fields were found.");
        NoneOf(fields.Where(field => !Names(docs, field)).Select(field => $"docs/operating.md does not name `{field}`"));
    }

    [Fact]
    public void Every_path_that_the_docs_name_exists() => NoneOf(
        from page in Pages
        from Match match in NamedPath().Matches(SourceTree.Read(page))
        let path = match.Groups[1].Value
        where !SourceTree.Exists(path)
        select $"{page} names `{path}`, which does not exist");

    [Fact]
    public void Every_link_between_pages_leads_somewhere() => NoneOf(
        from page in Pages
        from Match match in Link().Matches(SourceTree.Read(page))
        let target = Path.Combine(Path.GetDirectoryName(page)!, match.Groups[1].Value)
        where !match.Groups[1].Value.Contains("://", StringComparison.Ordinal) && !SourceTree.Exists(target)
        select $"{page} links to {match.Groups[1].Value}, which does not exist");

    /// <summary>The commands with all the words that lead to them, and their options.</summary>
    private static IEnumerable<string> Words(Command command, string path) =>
        command.Options.Where(option => option.Name is not ("--help" or "--version")).Select(option => option.Name)
            .Concat(command.Subcommands.Count == 0 ? [path] : [])
            .Concat(command.Subcommands.SelectMany(child => Words(child, $"{path} {child.Name}")))
            .Distinct(StringComparer.Ordinal);

    private static bool Names(string docs, string word) => Regex.IsMatch(docs, $@"(?<![\w-]){Regex.Escape(word)}(?![\w-])");

    private static void NoneOf(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    // A path in backquotes that begins with one of the repository's folders, or is one of its scripts.
    [GeneratedRegex(@"`\.?/?((?:Grains|Silo|Client|Runtime|Tests|docs|\.ci)/[\w./-]*|[\w-]+\.(?:sh|props|sln|yaml|md))`")]
    private static partial Regex NamedPath();

    [GeneratedRegex("""\.Add\("(\w+)",""")]
    private static partial Regex InfoField();

    [GeneratedRegex(@"\]\(([^)#\s]+)[^)]*\)")]
    private static partial Regex Link();
}
