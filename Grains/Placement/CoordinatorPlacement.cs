using Microsoft.Extensions.Options;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Sluice.Placement;

/// <summary>
/// Places a grain on the coordinator: the node whose data directory holds the grain's state. While it is down the grain is not to be had, which is
/// the safe side: nobody can change the topology behind its back.
/// </summary>
[Serializable, GenerateSerializer, Immutable, Alias("Sluice.CoordinatorPlacement")]
public sealed class CoordinatorPlacement : PlacementStrategy;

/// <inheritdoc cref="CoordinatorPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CoordinatorPlacementAttribute() : PlacementAttribute(new CoordinatorPlacement());

/// <summary>Finds the active silo at the coordinator's endpoint.</summary>
internal sealed class CoordinatorPlacementDirector(IOptions<NodeOptions> options) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var coordinator = options.Value.Coordinator;
        if (coordinator is null)
        {
            return Task.FromResult(context.LocalSilo);
        }

        var silo = context.GetCompatibleSilos(target).FirstOrDefault(silo => silo.Endpoint.Equals(coordinator));
        return silo is not null
            ? Task.FromResult(silo)
            : throw new ShardUnavailableException($"The coordinator at {coordinator}, which keeps the topology, is not up.");
    }
}
