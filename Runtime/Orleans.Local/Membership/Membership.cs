using Orleans.Runtime;

namespace Orleans;

/// <summary>This silo's view of the cluster.</summary>
internal sealed class Membership(LocalSilo local) : ISiloStatusOracle
{
    public SiloStatus CurrentStatus { get; set; } = SiloStatus.Created;

    public string SiloName => local.Name;

    public SiloAddress SiloAddress => local.SiloAddress;

    public SiloAddress[] GetActiveSilos() => [SiloAddress];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => siloAddress.Equals(SiloAddress) ? SiloStatus.Active : SiloStatus.None;

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => new() { [SiloAddress] = SiloStatus.Active };

    public bool TryGetSiloName(SiloAddress siloAddress, out string? siloName)
    {
        siloName = siloAddress.Equals(SiloAddress) ? SiloName : null;
        return siloName is not null;
    }

    public bool IsDeadSilo(SiloAddress silo) => false;

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => true;

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => true;
}
