using System.Globalization;
using System.Text.Json.Serialization;

namespace Sluice.Lab.Report;

/// <summary>A figure that was measured.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The figure; infinite: never.</param>
/// <param name="Unit">Its unit; empty: none.</param>
internal sealed record Figure(string Name, double Value, string Unit)
{
    public string Text => Format(Value, Unit);

    public static string Format(double value, string unit)
    {
        var number = double.IsInfinity(value) ? "never" : value.ToString(
            Math.Abs(value) switch { 0 => "0", < 1 => "0.000", < 10 => unit.Length == 0 ? "0.000" : "0.00", < 100 => "0.0", _ => "#,0" }, CultureInfo.InvariantCulture);
        return unit.Length == 0 || double.IsInfinity(value) ? number : $"{number} {unit}";
    }
}

/// <summary>Which side of its limit a figure must be on.</summary>
internal enum BoundKind
{
    AtMost,
    AtLeast,
}

/// <summary>What must hold of a figure.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Kind">The side.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Unit">The unit of both; empty: none.</param>
internal sealed record Bound(string Name, double Value, BoundKind Kind, double Limit, string Unit)
{
    [JsonIgnore]
    public bool IsMet => Kind == BoundKind.AtMost ? Value <= Limit : Value >= Limit;

    [JsonIgnore]
    public string LimitText => $"{(Kind == BoundKind.AtMost ? "at most" : "at least")} {Figure.Format(Limit, Unit)}";

    [JsonIgnore]
    public string ValueText => Figure.Format(Value, Unit);
}

/// <summary>What was measured over time, in steps of equal length, and what was done when.</summary>
internal sealed record Timeline
{
    /// <summary>The length of a step, seconds; the first step begins at 0.</summary>
    public required double Step { get; init; }

    /// <summary>What the link carried from the primary, Mb/s.</summary>
    public required IReadOnlyList<double> Sent { get; init; }

    /// <summary>The worst latency of the foreground requests that were due in the step, milliseconds; a request that was never answered counts with the time until the end.</summary>
    public required IReadOnlyList<double> Foreground { get; init; }

    /// <summary>Resident memory of the primary, MiB.</summary>
    public required IReadOnlyList<double> PrimaryMemory { get; init; }

    /// <summary>The second at which something was done.</summary>
    public IReadOnlyList<TimelineMark> Marks { get; init; } = [];
}

/// <summary>Something that was done.</summary>
/// <param name="Second">When.</param>
/// <param name="What">What.</param>
internal sealed record TimelineMark(double Second, string What);

/// <summary>What one case of a scenario has shown.</summary>
internal sealed record CaseResult
{
    public string Scenario { get; init; } = "";

    /// <summary>Shape of the network and congestion control, or what else distinguishes the cases of a scenario.</summary>
    public string Variant { get; init; } = "";

    /// <summary>Sluice, or the peer.</summary>
    public string System { get; init; } = "";

    /// <summary>When it ended.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>It was the short form.</summary>
    public bool IsQuick { get; init; }

    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>Empty for peers: nothing is promised for them.</summary>
    public IReadOnlyList<Bound> Bounds { get; init; } = [];

    public Timeline? Timeline { get; init; }

    /// <summary>Why it broke off; empty when it did not.</summary>
    public string Failure { get; init; } = "";

    [JsonIgnore]
    public string Id => $"{Scenario}/{Variant}/{System}";

    [JsonIgnore]
    public bool IsMet => Failure.Length == 0 && Bounds.All(bound => bound.IsMet);

    /// <summary>A figure by its name; null when there is none.</summary>
    public Figure? Find(string name) => Figures.FirstOrDefault(figure => string.Equals(figure.Name, name, StringComparison.Ordinal));
}
