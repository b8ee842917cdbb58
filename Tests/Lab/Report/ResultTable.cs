using Spectre.Console;

namespace Sluice.Lab.Report;

/// <summary>Results as a person reads them at a terminal.</summary>
internal static class ResultTable
{
    private const int PipeWidth = 150;

    /// <summary>All figures of one case, and its bounds.</summary>
    public static void PrintCase(CaseResult result)
    {
        if (result.Failure.Length > 0)
        {
            Console.WriteLine($"  FAILED: {result.Failure}");
        }

        Console.WriteLine($"  {string.Join("; ", result.Figures.Select(figure => $"{figure.Name} {figure.Text}"))}");
        foreach (var bound in result.Bounds)
        {
            Console.WriteLine($"  {(bound.IsMet ? "met   " : "MISSED")} {bound.Name}: {bound.ValueText} ({bound.LimitText})");
        }
    }

    /// <summary>All bounds of all cases, and whether they are met.</summary>
    public static void PrintBounds(IEnumerable<CaseResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("Case", "What", "Figure", "Bound", "");
        foreach (var result in results)
        {
            if (result.Failure.Length > 0)
            {
                table.AddRow(Markup.Escape($"{result.Scenario}/{result.Variant}"), Markup.Escape(result.Failure), "", "", "[red]failed[/]");
            }

            foreach (var bound in result.Bounds)
            {
                table.AddRow(Markup.Escape($"{result.Scenario}/{result.Variant}"), Markup.Escape(bound.Name), bound.ValueText, bound.LimitText, bound.IsMet ? "[green]met[/]" : "[red]missed[/]");
            }
        }

        Terminal().Write(table);
    }

    // A pipe has no width and no colours.
    private static IAnsiConsole Terminal()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PipeWidth;
        }

        return console;
    }
}
