using System.Text;

namespace Sluice.Silo.Resp.Info;

/// <summary>INFO: the sections that were asked for, each from its own provider.</summary>
public sealed class InfoReport(IEnumerable<IInfoSection> sections)
{
    private static readonly string[] Everything = ["default", "all", "everything"];

    private readonly IInfoSection[] sections = [.. sections];

    /// <summary>Writes sections in Redis' format.</summary>
    /// <param name="names">Section names in any case; none, <c>default</c>, <c>all</c> or <c>everything</c>: all. Unknown ones give nothing.</param>
    public async ValueTask<string> WriteAsync(IReadOnlyCollection<string> names)
    {
        var isAll = names.Count == 0 || names.Any(name => Everything.Contains(name, StringComparer.OrdinalIgnoreCase));
        var text = new StringBuilder();
        foreach (var section in sections.Where(section => isAll || names.Contains(section.Name, StringComparer.OrdinalIgnoreCase)))
        {
            if (text.Length > 0)
            {
                text.Append("\r\n");
            }

            var fields = new InfoFields();
            await section.WriteAsync(fields);
            text.Append("# ").Append(Title(section.Name)).Append("\r\n").Append(fields.Text);
        }

        return text.ToString();
    }

    private static string Title(string name) => name == "cpu" ? "CPU" : char.ToUpperInvariant(name[0]) + name[1..];
}
