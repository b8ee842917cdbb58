using System.Collections.Immutable;
using System.Globalization;
using Sluice.Bandwidth;

namespace Sluice.Configuration;

/// <summary>
/// The class table as parameters: <c>sync-class-log</c> and so on, each with a value such as <c>reservation 1048576 limit 0 weight 32</c>. They are the cluster's and not a node's: kept with the policy, the same
/// on every node, in no node's file. Pure.
/// </summary>
public static class ClassParameters
{
    private const string Prefix = "sync-class-";

    /// <summary>One for each class, the most urgent first.</summary>
    public static ImmutableArray<ConfigurationParameter> All { get; } =
    [
        .. QosClass.Defaults.Select(terms => new ConfigurationParameter
        {
            Name = Prefix + terms.Name,
            Kind = ParameterKind.Text,
            IsOwn = true,
            Default = Format(terms),
            Summary = $"what each flow of class {terms.Name} gets, in the whole cluster",
        }),
    ];

    /// <summary>Whether a parameter is one of them.</summary>
    public static bool Has(string name) => All.Any(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The parameter of a class.</summary>
    public static string NameOf(QosClassTerms terms) => Prefix + terms.Name;

    /// <summary>A class's terms as CONFIG GET shows them, and CONFIG SET takes them.</summary>
    public static string Format(QosClassTerms terms) =>
        string.Create(CultureInfo.InvariantCulture, $"reservation {terms.ReservationBytesPerSecond} limit {terms.LimitBytesPerSecond} weight {terms.Weight}");

    /// <summary>Makes a class's change of a policy. What the value does not name stays.</summary>
    /// <exception cref="OrderRefusedException">The value is none, or outside its range. In Redis' words.</exception>
    public static BandwidthPolicy With(BandwidthPolicy policy, string name, string value)
    {
        var terms = policy.ClassTable().First(row => NameOf(row).Equals(name, StringComparison.OrdinalIgnoreCase));
        try
        {
            return policy.WithClass(Parse(terms, value));
        }
        catch (OrderRefusedException refusal)
        {
            throw new OrderRefusedException($"CONFIG SET failed (possibly related to argument '{NameOf(terms)}') - {refusal.Message}", refusal);
        }
    }

    private static QosClassTerms Parse(QosClassTerms terms, string value)
    {
        var words = value.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (words.Length is 0 || words.Length % 2 != 0)
        {
            throw NoTerms();
        }

        foreach (var pair in words.Chunk(2))
        {
            var word = pair[0].ToLowerInvariant();
            terms = seen.Add(word) ? word switch
            {
                "reservation" when MemorySize.TryParse(pair[1], out var bytes) => terms with { ReservationBytesPerSecond = bytes },
                "limit" when MemorySize.TryParse(pair[1], out var bytes) => terms with { LimitBytesPerSecond = bytes },
                "weight" when int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var weight) => terms with { Weight = weight },
                _ => throw NoTerms(),
            } : throw NoTerms();
        }

        return terms;
    }

    private static OrderRefusedException NoTerms() => new(
        $"argument must be 'reservation <size> limit <size> weight <n>', or some of it: sizes in bytes per second between 0 (none) and {PolicyEditing.MaxRate}, the weight between 1 and {PolicyEditing.MaxWeight}");
}
