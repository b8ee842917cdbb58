namespace Orleans.Runtime;

/// <summary>Where a silo is in its life.</summary>
public enum SiloStatus
{
    None = 0,
    Created = 1,
    Joining = 2,
    Active = 3,
    ShuttingDown = 4,
    Dead = 6,
}

/// <summary>This silo's view of the cluster.</summary>
public interface ISiloStatusOracle
{
    SiloAddress[] GetActiveSilos();
    SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);
    bool TryGetSiloName(SiloAddress siloAddress, out string? siloName);
}

/// <summary>This silo.</summary>
public interface ILocalSiloDetails
{
    string Name { get; }
    SiloAddress SiloAddress { get; }
    SiloAddress GatewayAddress { get; }
}
