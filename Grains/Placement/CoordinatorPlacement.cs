using Microsoft.Extensions.Options;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Sluice.Placement;

/// <summary>
/// Places a grain on the coordinator: the node whose data directory holds the grain's state. While it is down the grain is not to be had, which is
/// the safe side: nobody can change the topology behind its back, unless an operator gives its office to another node.
/// </summary>
[Serializable, GenerateSerializer, Immutable, Alias("Sluice.CoordinatorPlacement")]
public sealed class CoordinatorPlacement : PlacementStrategy;

/// <inheritdoc cref="CoordinatorPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CoordinatorPlacementAttribute() : PlacementAttribute(new CoordinatorPlacement());

/// <summary>Finds the active silo of the node that the topology names as its coordinator, or the one at the first seed's endpoint when it names none.</summary>
internal sealed class CoordinatorPlacementDirector(IOptions<NodeOptions> options, ITopologyView topology, ISiloStatusOracle silos) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        if (topology.Current.Coordinator is { Length: > 0 } name)
        {
            return Task.FromResult(silos.FindNode(context.GetCompatibleSilos(target), name) ?? throw NotUp($"'{name}'"));
        }

        if (options.Value.Coordinator is not { } endpoint)
        {
            return Task.FromResult(context.LocalSilo);
        }

        var silo = context.GetCompatibleSilos(target).FirstOrDefault(silo => silo.Endpoint.Equals(endpoint));
        return silo is not null ? Task.FromResult(silo) : throw NotUp($"at {endpoint}");
    }

    private static ShardUnavailableException NotUp(string which) =>
        new($"The coordinator {which}, which keeps the topology, is not up. If it is gone for good, SLUICE COORDINATOR TAKEOVER makes another node the coordinator.");
}
