using System.Globalization;

namespace Sluice.Lab.Measuring;

/// <summary>
/// Compares what flows of several classes send with what their weights promise. It looks at stretches in which the same copies ran, of at least two seconds and without their first second, and adds up over all of them what each class
/// has sent and what it should have.
/// </summary>
internal sealed class ShareWatch
{
    private const double SettlingSeconds = 1;
    private const double LeastSeconds = 2;
    private readonly Dictionary<string, (double Sent, double Due)> totals = new(StringComparer.Ordinal);
    private List<Flow> first = [];
    private List<Flow> last = [];
    private long since;
    private long settled;
    private long until;

    /// <summary>The most copies that were admitted at once.</summary>
    public int MostAdmitted { get; private set; }

    /// <summary>For each class that shared the link with another one: by how many per cent it sent more than its weights promise.</summary>
    public IEnumerable<(string Class, double PerCent)> Deviations => totals.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, (pair.Value.Sent / pair.Value.Due - 1) * 100));

    /// <summary>Takes one look: the sender's INFO bandwidth.</summary>
    public void Look(long at, IReadOnlyDictionary<string, string> info, IReadOnlyList<(string Name, int Weight)> classes)
    {
        MostAdmitted = Math.Max(MostAdmitted, int.Parse(info.GetValueOrDefault("syncs_admitted", "0"), CultureInfo.InvariantCulture));
        var flows = info.Where(field => field.Value.StartsWith("id=snapshot", StringComparison.Ordinal)).Select(field => Flow.Parse(field.Value))
            .Where(flow => classes.Any(known => known.Name == flow.Class)).OrderBy(flow => flow.Id, StringComparer.Ordinal).ToList();
        if (!flows.Select(flow => flow.Id).SequenceEqual(last.Select(flow => flow.Id)))
        {
            Close(classes);
            (since, first) = (at, []);
        }
        else if (first.Count == 0 && (at - since) / Recording.Second >= SettlingSeconds)
        {
            (first, settled) = (flows, at);
        }

        (last, until) = (flows, at);
    }

    private void Close(IReadOnlyList<(string Name, int Weight)> classes)
    {
        if (first.Count == 0 || (until - settled) / Recording.Second < LeastSeconds || first.Select(flow => flow.Class).Distinct().Count() < 2)
        {
            return;
        }

        int WeightOf(Flow flow) => classes.First(known => known.Name == flow.Class).Weight;
        var sent = last.Zip(first, (now, before) => (now.Class, Bytes: (double)(now.Sent - before.Sent), Weight: WeightOf(now))).ToList();
        foreach (var flow in sent)
        {
            var (bytes, due) = totals.GetValueOrDefault(flow.Class);
            totals[flow.Class] = (bytes + flow.Bytes, due + sent.Sum(other => other.Bytes) * flow.Weight / sent.Sum(other => other.Weight));
        }
    }

    private sealed record Flow(string Id, string Class, long Sent)
    {
        public static Flow Parse(string text)
        {
            var fields = text.Split(',').Select(part => part.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            return new Flow(fields["id"], fields["class"], long.Parse(fields["sent"], CultureInfo.InvariantCulture));
        }
    }
}
