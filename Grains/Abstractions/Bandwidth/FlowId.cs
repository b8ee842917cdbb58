namespace Sluice;

/// <summary>What a flow carries.</summary>
[GenerateSerializer, Alias("Sluice.FlowKind")]
public enum FlowKind
{
    /// <summary>The files of a snapshot.</summary>
    Snapshot = 0,

    /// <summary>A shard's log.</summary>
    Log = 1,
}

/// <summary>Names one flow.</summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Source">The sending node.</param>
/// <param name="Replica">The replica that receives it.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FlowId")]
public sealed record FlowId([property: Id(0)] FlowKind Kind, [property: Id(1)] string Source, [property: Id(2)] ReplicaKey Replica)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} {Source} -> {Replica}";
}
