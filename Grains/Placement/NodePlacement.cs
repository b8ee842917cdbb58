using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Sluice.Placement;

/// <summary>Places a grain on the node that its key names: <c>shard@node</c> or <c>node</c>. Never on another: its data is there.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("Sluice.NodePlacement")]
public sealed class NodePlacement : PlacementStrategy;

/// <inheritdoc cref="NodePlacement"/>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NodePlacementAttribute() : PlacementAttribute(new NodePlacement());

/// <summary>Finds the active silo whose name is the node's.</summary>
internal sealed class NodePlacementDirector(ISiloStatusOracle silos) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString() ?? "";
        var node = key[(key.IndexOf('@', StringComparison.Ordinal) + 1)..];
        return Task.FromResult(silos.FindNode(context.GetCompatibleSilos(target), node) ?? throw new ShardUnavailableException($"Node '{node}' is not up: '{key}' can only run there."));
    }
}

/// <summary>A node's silo has the node's name.</summary>
internal static class NodeSilos
{
    /// <summary>The silo of a node among these; null when it is not there.</summary>
    public static SiloAddress? FindNode(this ISiloStatusOracle silos, IEnumerable<SiloAddress> among, string node) =>
        among.FirstOrDefault(silo => silos.TryGetSiloName(silo, out var name) && string.Equals(name, node, StringComparison.Ordinal));
}
