namespace Orleans.Runtime;

/// <summary>Where a silo is in its life.</summary>
public enum SiloStatus
{
    None = 0,
    Created = 1,
    Joining = 2,
    Active = 3,
    ShuttingDown = 4,
    Stopping = 5,
    Dead = 6,
}

/// <summary>Is told when a silo's status changes.</summary>
public interface ISiloStatusListener
{
    void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status);
}

/// <summary>This silo's view of the cluster.</summary>
public interface ISiloStatusOracle
{
    SiloStatus CurrentStatus { get; }
    string SiloName { get; }
    SiloAddress SiloAddress { get; }
    SiloAddress[] GetActiveSilos();
    SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);
    Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);
    bool TryGetSiloName(SiloAddress siloAddress, out string? siloName);
    bool IsDeadSilo(SiloAddress silo);
    bool SubscribeToSiloStatusEvents(ISiloStatusListener observer);
    bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer);
}

/// <summary>This silo.</summary>
public interface ILocalSiloDetails
{
    string Name { get; }
    string ClusterId { get; }
    string DnsHostName { get; }
    SiloAddress SiloAddress { get; }
    SiloAddress GatewayAddress { get; }
}
