using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Which director chooses the silo of a new activation, and with what settings.</summary>
    public abstract class PlacementStrategy;

    /// <summary>Any silo at random.</summary>
    public sealed class RandomPlacement : PlacementStrategy;
}

namespace Orleans.Placement
{
    /// <summary>Gives a grain class its placement strategy.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public abstract class PlacementAttribute : Attribute
    {
        protected PlacementAttribute(PlacementStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementStrategy = placement;
        }

        public PlacementStrategy PlacementStrategy { get; }
    }
}

namespace Orleans.Runtime.Placement
{
    /// <summary>The request that needs a new activation.</summary>
    public readonly struct PlacementTarget(GrainId grainIdentity)
    {
        public GrainId GrainIdentity { get; } = grainIdentity;
    }

    /// <summary>What a director may ask.</summary>
    public interface IPlacementContext
    {
        SiloAddress LocalSilo { get; }
        SiloAddress[] GetCompatibleSilos(PlacementTarget target);
    }

    /// <summary>Chooses the silo of a new activation. Its type is registered with <c>AddPlacementDirector</c>.</summary>
    public interface IPlacementDirector
    {
        Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);
    }
}
