using System.Globalization;
using System.Text;

namespace Sluice.Lab.Report;

/// <summary>How a series is drawn.</summary>
internal enum SvgStyle
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A dashed line: a bound, not a measurement.</summary>
    Dashed,

    /// <summary>The area below.</summary>
    Area,
}

/// <summary>One series of a panel.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Color">Any SVG colour; one that can be told from white and from black.</param>
/// <param name="Points">By rising x.</param>
/// <param name="Style">How it is drawn.</param>
internal sealed record SvgSeries(string Name, string Color, IReadOnlyList<(double X, double Y)> Points, SvgStyle Style = SvgStyle.Line);

/// <summary>One panel: an axis of its own upwards, the chart's common axis sideways.</summary>
/// <param name="Title">What is drawn, with its unit.</param>
/// <param name="Series">In the order in which they are drawn.</param>
/// <param name="Most">The upper end of the axis.</param>
/// <param name="Least">Its lower end; above 0 the axis is logarithmic.</param>
internal sealed record SvgPanel(string Title, IReadOnlyList<SvgSeries> Series, double Most, double Least = 0);

/// <summary>
/// Writes a chart of panels one below the other, as an SVG file that needs nothing else: no script, no font of its own; readable on light and on dark pages. The same figures give the same bytes.
/// </summary>
/// <param name="Title">The chart's title.</param>
/// <param name="AxisTitle">The title of the common axis, with its unit.</param>
/// <param name="From">Where the common axis begins.</param>
/// <param name="Until">Where it ends.</param>
/// <param name="Panels">From above.</param>
internal sealed record SvgChart(string Title, string AxisTitle, double From, double Until, IReadOnlyList<SvgPanel> Panels)
{
    private const int Width = 880;
    private const int Left = 64;
    private const int Right = 16;
    private const int PanelHeight = 170;
    private const int PanelGap = 48;
    private const int Top = 64;
    private const int Bottom = 48;
    private const int PlotWidth = Width - Left - Right;

    // Rather too wide: there is no font to measure.
    private const double CharacterWidth = 7;

    /// <summary>Writes the file, making its folder if need be.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, Render());
        Console.WriteLine(path);
    }

    /// <summary>The SVG.</summary>
    public string Render()
    {
        var height = Top + Panels.Count * PanelHeight + (Panels.Count - 1) * PanelGap + Bottom;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n");
        svg.Append("""
            <style>
            text { fill: #333 } .grid { stroke: #ccc; stroke-width: 0.5 } .frame { stroke: #888; fill: none } .title { font-size: 15px; font-weight: 600 } .panel { font-weight: 600 }
            @media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } }
            </style>

            """);
        svg.Append(CultureInfo.InvariantCulture, $"<title>{Escape(Title)}</title>\n<text class=\"title\" x=\"{Left}\" y=\"24\">{Escape(Title)}</text>\n");
        for (var index = 0; index < Panels.Count; index++)
        {
            Render(svg, Panels[index], Top + index * (PanelHeight + PanelGap), isLast: index == Panels.Count - 1);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private void Render(StringBuilder svg, SvgPanel panel, double top, bool isLast)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"panel\" x=\"{Left}\" y=\"{top - 10}\">{Escape(panel.Title)}</text>\n");
        Legend(svg, panel, top - 10);
        foreach (var tick in panel.Least > 0 ? Decades(panel.Least, panel.Most) : Ticks(0, panel.Most, 4))
        {
            var y = Y(panel, top, tick);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Left + PlotWidth}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\"/><text x=\"{Left - 8}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{tick:0.###}</text>\n");
        }

        foreach (var tick in Ticks(From, Until, 10))
        {
            var x = X(tick);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{x:0.#}\" x2=\"{x:0.#}\" y1=\"{top}\" y2=\"{top + PanelHeight}\"/>");
            if (isLast)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{top + PanelHeight + 18}\" text-anchor=\"middle\">{tick:0.###}</text>");
            }

            svg.Append('\n');
        }

        foreach (var series in panel.Series)
        {
            Render(svg, panel, series, top);
        }

        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"frame\" x=\"{Left}\" y=\"{top}\" width=\"{PlotWidth}\" height=\"{PanelHeight}\"/>\n");
        if (isLast)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + PlotWidth / 2}\" y=\"{top + PanelHeight + 38}\" text-anchor=\"middle\">{Escape(AxisTitle)}</text>\n");
        }
    }

    private void Render(StringBuilder svg, SvgPanel panel, SvgSeries series, double top)
    {
        var path = new StringBuilder();
        foreach (var (x, y) in series.Points.Where(point => point.X >= From && point.X <= Until))
        {
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{X(x):0.#} {Y(panel, top, y):0.#}");
        }

        if (path.Length == 0)
        {
            return;
        }

        var bottom = top + PanelHeight;
        svg.Append(series.Style switch
        {
            SvgStyle.Area => string.Create(
                CultureInfo.InvariantCulture, $"<path d=\"{path}L{X(Math.Min(Until, series.Points[^1].X)):0.#} {bottom}L{X(Math.Max(From, series.Points[0].X)):0.#} {bottom}Z\" fill=\"{series.Color}\" fill-opacity=\"0.35\"/>\n"),
            SvgStyle.Dashed => string.Create(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"{series.Color}\" stroke-width=\"1.2\" stroke-dasharray=\"5 4\"/>\n"),
            _ => string.Create(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"{series.Color}\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>\n"),
        });
    }

    // Right-aligned, so that it never meets the panel's title.
    private static void Legend(StringBuilder svg, SvgPanel panel, double y)
    {
        var x = (double)(Left + PlotWidth);
        foreach (var series in panel.Series.Reverse())
        {
            x -= series.Name.Length * CharacterWidth;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y}\">{Escape(series.Name)}</text>");
            x -= 28;
            svg.Append(series.Style switch
            {
                SvgStyle.Area => string.Create(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.#}\" y=\"{y - 9}\" width=\"22\" height=\"10\" fill=\"{series.Color}\" fill-opacity=\"0.35\"/>\n"),
                _ => string.Create(
                    CultureInfo.InvariantCulture,
                    $"<line x1=\"{x:0.#}\" x2=\"{x + 22:0.#}\" y1=\"{y - 4}\" y2=\"{y - 4}\" stroke=\"{series.Color}\" stroke-width=\"2\"{(series.Style == SvgStyle.Dashed ? " stroke-dasharray=\"5 4\"" : "")}/>\n"),
            });
            x -= 14;
        }
    }

    private double X(double value) => Left + PlotWidth * (value - From) / (Until - From);

    private static double Y(SvgPanel panel, double top, double value)
    {
        var part = panel.Least > 0
            ? Math.Log(Math.Max(value, panel.Least) / panel.Least) / Math.Log(panel.Most / panel.Least)
            : value / panel.Most;
        return top + PanelHeight * (1 - Math.Clamp(part, 0, 1));
    }

    // Steps of 1, 2 or 5 times a power of ten, about so many.
    private static IEnumerable<double> Ticks(double from, double until, int about)
    {
        var rough = (until - from) / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough * 0.999) * power;
        for (var index = (long)Math.Ceiling(from / step); index * step <= until * 1.0001; index++)
        {
            yield return index * step;
        }
    }

    private static IEnumerable<double> Decades(double least, double most)
    {
        for (var power = Math.Ceiling(Math.Log10(least)); Math.Pow(10, power) <= most * 1.0001; power++)
        {
            yield return Math.Pow(10, power);
        }
    }

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
