using System.Collections.Immutable;

namespace Sluice;

/// <summary>The QoS classes (design.md, section 1).</summary>
public static class QosClass
{
    /// <summary>Log streams.</summary>
    public const string Log = "log";

    /// <summary>Copies that restore redundancy.</summary>
    public const string Urgent = "urgent";

    /// <summary>Copies that an operator ordered.</summary>
    public const string Normal = "normal";

    /// <summary>Copies that can wait.</summary>
    public const string Background = "background";

    /// <summary>
    /// The class table unless an operator changes it, the most urgent class first. A log stream reserves 1 MiB/s, because a replica that falls behind its primary needs a full copy again, and
    /// counts as much as all copies that a link admits; from class to class a copy's weight falls to a quarter: a step that an operator notices and that still lets the lower class go on.
    /// </summary>
    public static ImmutableArray<QosClassTerms> Defaults { get; } =
    [
        new(Log, 1 << 20, 0, 32),
        new(Urgent, 0, 0, 16),
        new(Normal, 0, 0, 4),
        new(Background, 0, 0, 1),
    ];
}
