using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Lab.Report;

/// <summary>The results of all cases in one JSON file: a case that is run again replaces its older result, so the file can be made in parts.</summary>
internal sealed class ResultStore(string path)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>All that is in the file; nothing when there is none.</summary>
    public IReadOnlyList<CaseResult> Read() => File.Exists(path) ? JsonSerializer.Deserialize<List<CaseResult>>(File.ReadAllText(path), Format) ?? [] : [];

    /// <summary>Adds results, one a line.</summary>
    public void Add(IEnumerable<CaseResult> results)
    {
        var all = Merge(Read(), results);
        var whole = $"{path}.new";
        File.WriteAllText(whole, $"[\n{string.Join(",\n", all.Select(result => JsonSerializer.Serialize(result, Format)))}\n]\n");
        File.Move(whole, path, overwrite: true);
    }

    /// <summary>The newer results in the place of the older ones of the same cases; a quick result never replaces a whole one.</summary>
    public static IReadOnlyList<CaseResult> Merge(IEnumerable<CaseResult> older, IEnumerable<CaseResult> newer)
    {
        var all = older.ToList();
        foreach (var result in newer)
        {
            var at = all.FindIndex(known => string.Equals(known.Id, result.Id, StringComparison.Ordinal));
            if (at < 0)
            {
                all.Add(result);
            }
            else if (all[at].IsQuick || !result.IsQuick)
            {
                all[at] = result;
            }
        }

        return all;
    }
}
