namespace Sluice;

/// <summary>The names of the QoS classes (design.md, section 1).</summary>
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
}
