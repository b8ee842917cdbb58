using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Report;

/// <summary>Writes docs/lab.md, its pictures, the section of README.md, and docs/lab.json, which keeps the figures that they were made from.</summary>
internal static class LabDocs
{
    private const string Folder = "docs";
    private const string Readme = "README.md";

    /// <summary>Takes new results over into docs/lab.json, and writes all anew from it. Short forms stay out.</summary>
    public static void Write(string results)
    {
        var kept = new ResultStore(Path.Combine(Folder, "lab.json"));
        kept.Add(new ResultStore(results).Read().Where(result => !result.IsQuick));
        var order = ScenarioTable.All.SelectMany(scenario => scenario.Cases(quick: false)).Select(known => known.Id).ToList();
        var all = kept.Read().Where(result => order.Contains(result.Id)).OrderBy(result => order.IndexOf(result.Id)).ToList();
        var pictures = LabPictures.Write(all, Path.Combine(Folder, "images"));
        File.WriteAllText(Path.Combine(Folder, "lab.md"), LabPage.Render(all, pictures));
        File.WriteAllText(Readme, ReadmeSection.Renew(File.ReadAllText(Readme), all));
        Console.WriteLine(Path.Combine(Folder, "lab.md"));
    }
}
