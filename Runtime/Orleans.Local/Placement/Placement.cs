using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Which director chooses the silo of a new activation, and with what settings.</summary>
    public abstract class PlacementStrategy;

    /// <summary>Any silo at random.</summary>
    public sealed class RandomPlacement : PlacementStrategy;

    /// <summary>The silo of the caller.</summary>
    public sealed class PreferLocalPlacement : PlacementStrategy;

    /// <summary>The silo that the hash of the grain's id gives.</summary>
    public sealed class HashBasedPlacement : PlacementStrategy;
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

    /// <summary>Places grains on any silo at random.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class RandomPlacementAttribute() : PlacementAttribute(new RandomPlacement());

    /// <summary>Places grains on the silo of the caller.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(new PreferLocalPlacement());

    /// <summary>Places grains by the hash of their id.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class HashBasedPlacementAttribute() : PlacementAttribute(new HashBasedPlacement());
}

namespace Orleans.Runtime.Placement
{
    /// <summary>The request that needs a new activation.</summary>
    public readonly struct PlacementTarget(GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        public GrainId GrainIdentity { get; } = grainIdentity;
        public GrainInterfaceType InterfaceType { get; } = interfaceType;
        public ushort InterfaceVersion { get; } = interfaceVersion;
        public Dictionary<string, object> RequestContextData { get; } = requestContextData;
    }

    /// <summary>What a director may ask.</summary>
    public interface IPlacementContext
    {
        SiloAddress LocalSilo { get; }
        SiloStatus LocalSiloStatus { get; }
        SiloAddress[] GetCompatibleSilos(PlacementTarget target);
    }

    /// <summary>Chooses the silo of a new activation. Its type is registered with <c>AddPlacementDirector</c>.</summary>
    public interface IPlacementDirector
    {
        Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);
    }
}
