using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Sluice.Cli.Rendering;

/// <summary>Where a command writes. It knows whether a person sits in front of it: only then are there tables, colours and bars that move.</summary>
internal sealed class CommandOutput : IDisposable
{
    private static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        // For people and scripts, never inside a web page: names stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Stream raw;

    public CommandOutput(Stream raw, TextWriter writer, TextWriter errorWriter, bool isTerminal, int? width = null)
    {
        this.raw = raw;
        Writer = writer;
        ErrorWriter = errorWriter;
        IsTerminal = isTerminal;
        Ansi = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (width is { } columns)
        {
            Ansi.Profile.Width = columns;
        }
        else if (!isTerminal)
        {
            // No terminal has no width: a table in a file must not be cut at 80 columns.
            Ansi.Profile.Width = 200;
        }
    }

    public TextWriter Writer { get; }

    public TextWriter ErrorWriter { get; }

    public bool IsTerminal { get; }

    public IAnsiConsole Ansi { get; }

    public static CommandOutput OfProcess()
    {
        // NO_COLOR and TERM=dumb are a person's wish for plain text (no-color.org).
        var dumb = string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);
        return new CommandOutput(Console.OpenStandardOutput(), Console.Out, Console.Error, !Console.IsOutputRedirected && !dumb);
    }

    public void Line(string text) => Writer.WriteLine(text);

    public void Error(string message) => ErrorWriter.WriteLine($"sluice: {message}");

    /// <summary>One JSON value on one line.</summary>
    public void Json<T>(T value) => Writer.WriteLine(JsonSerializer.Serialize(value, JsonOptions));

    /// <summary>Bytes as they are.</summary>
    public async Task BytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        await raw.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        await raw.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A table: with lines and colours for a person, columns alone otherwise.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = rows.ToList();
        if (!IsTerminal)
        {
            PlainTable(headings, all);
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))));
        }

        foreach (var row in all)
        {
            table.AddRow(row.Select(cell => new Markup(StateColour.Paint(cell))));
        }

        Ansi.Write(table);
    }

    public void Dispose() => raw.Dispose();

    private void PlainTable(IReadOnlyList<string> headings, List<IReadOnlyList<string>> rows)
    {
        var widths = headings.Select((heading, column) => Math.Max(heading.Length, rows.Count == 0 ? 0 : rows.Max(row => row[column].Length))).ToArray();
        foreach (var row in rows.Prepend(headings))
        {
            Line(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
