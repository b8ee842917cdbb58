using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Placement;

/// <summary>Any silo at random.</summary>
internal sealed class RandomPlacementDirector(Random random) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        lock (random)
        {
            return Task.FromResult(silos[random.Next(silos.Length)]);
        }
    }
}

/// <summary>The caller's silo while it is active, else any.</summary>
internal sealed class PreferLocalPlacementDirector(RandomPlacementDirector otherwise) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        context.LocalSiloStatus == SiloStatus.Active && context.GetCompatibleSilos(target).Contains(context.LocalSilo)
            ? Task.FromResult(context.LocalSilo)
            : otherwise.OnAddActivation(strategy, target, context);
}

/// <summary>By the hash of the grain's id over the silos in order of their addresses.</summary>
internal sealed class HashBasedPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target).Order().ToArray();
        return Task.FromResult(silos[target.GrainIdentity.GetUniformHashCode() % (uint)silos.Length]);
    }
}

/// <summary>Asks the director of a grain's strategy, on behalf of the silo that the caller is on.</summary>
internal sealed class PlacementService(IServiceProvider services, ISiloStatusOracle oracle)
{
    // Orleans' default is ResourceOptimized, which the stand-in has not: silos of a development cluster are alike.
    private static readonly PlacementStrategy Default = new RandomPlacement();

    public async Task<SiloAddress> PlaceAsync(GrainClass grainClass, PlacementTarget target, SiloAddress requester)
    {
        var strategy = grainClass.Placement ?? Default;
        var director = services.GetKeyedService<IPlacementDirector>(strategy.GetType())
            ?? throw new OrleansConfigurationException($"Grain class {grainClass.Type} is placed by {strategy.GetType()}, which has no director: call siloBuilder.AddPlacementDirector.");
        var context = new Context(oracle, requester);
        var chosen = await director.OnAddActivation(strategy, target, context);
        return oracle.GetApproximateSiloStatus(chosen) == SiloStatus.Active ? chosen
            : throw new SiloUnavailableException($"Grain {target.GrainIdentity} was placed on silo {chosen}, which is not active: try again when it is.");
    }

    private sealed class Context(ISiloStatusOracle oracle, SiloAddress requester) : IPlacementContext
    {
        public SiloAddress LocalSilo => requester;

        public SiloStatus LocalSiloStatus => oracle.GetApproximateSiloStatus(requester);

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target)
        {
            var active = oracle.GetActiveSilos();
            return active.Length > 0 ? active : throw new OrleansException($"No active silo can host grain {target.GrainIdentity}.");
        }
    }
}
