using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Placement;

/// <summary>Any silo at random: the stand-in's default. Orleans' own is ResourceOptimized, but the silos of a development cluster are alike.</summary>
internal sealed class RandomPlacementDirector(LocalSilo local) : IPlacementDirector
{
    private readonly Random _random = new((int)local.SiloAddress.UniformHashCode);

    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        lock (_random)
        {
            return Task.FromResult(silos[_random.Next(silos.Length)]);
        }
    }
}

/// <summary>Asks the director of a grain's strategy, on behalf of the silo that the caller is on.</summary>
internal sealed class PlacementService(IServiceProvider services, ISiloStatusOracle oracle)
{
    private static readonly PlacementStrategy Default = new RandomPlacement();

    public async Task<SiloAddress> PlaceAsync(GrainClass grainClass, PlacementTarget target, SiloAddress requester)
    {
        var strategy = grainClass.Placement ?? Default;
        var director = services.GetKeyedService<IPlacementDirector>(strategy.GetType())
            ?? throw new OrleansConfigurationException($"Grain class {grainClass.Type} is placed by {strategy.GetType()}, which has no director: call siloBuilder.AddPlacementDirector.");
        var chosen = await director.OnAddActivation(strategy, target, new Context(oracle, requester));
        return oracle.GetApproximateSiloStatus(chosen) == SiloStatus.Active ? chosen
            : throw new SiloUnavailableException($"Grain {target.GrainIdentity} was placed on silo {chosen}, which is not active: try again when it is.");
    }

    private sealed class Context(ISiloStatusOracle oracle, SiloAddress requester) : IPlacementContext
    {
        public SiloAddress LocalSilo => requester;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target)
        {
            var active = oracle.GetActiveSilos();
            return active.Length > 0 ? active : throw new OrleansException($"No active silo can host grain {target.GrainIdentity}.");
        }
    }
}
