namespace Orleans.Runtime;

/// <summary>Where a silo is in its life.</summary>
public enum SiloStatus
{
    /// <summary>Not known.</summary>
    None = 0,

    /// <summary>Not joined yet.</summary>
    Created = 1,

    /// <summary>Starting.</summary>
    Joining = 2,

    /// <summary>Hosts grains.</summary>
    Active = 3,

    /// <summary>Stopping in order.</summary>
    ShuttingDown = 4,

    /// <summary>Stopping.</summary>
    Stopping = 5,

    /// <summary>Gone.</summary>
    Dead = 6,
}

/// <summary>Is told when a silo's status changes.</summary>
public interface ISiloStatusListener
{
    /// <summary>The status of a silo has changed. Must not block.</summary>
    void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status);
}

/// <summary>This silo's view of the cluster.</summary>
public interface ISiloStatusOracle
{
    /// <summary>This silo's status.</summary>
    SiloStatus CurrentStatus { get; }

    /// <summary>This silo's name.</summary>
    string SiloName { get; }

    /// <summary>This silo.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>The active silos, this one among them when it is.</summary>
    SiloAddress[] GetActiveSilos();

    /// <summary>The status of one silo; <see cref="SiloStatus.None"/> when it is not known.</summary>
    SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);

    /// <summary>The status of all known silos.</summary>
    Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);

    /// <summary>The name of a silo, or false when it is not known.</summary>
    bool TryGetSiloName(SiloAddress siloAddress, out string? siloName);

    /// <summary>Whether a silo is known to be gone.</summary>
    bool IsDeadSilo(SiloAddress silo);

    /// <summary>Tells <paramref name="observer"/> of every change; false when it already is.</summary>
    bool SubscribeToSiloStatusEvents(ISiloStatusListener observer);

    /// <summary>Ends that; false when it was not.</summary>
    bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer);
}

/// <summary>This silo.</summary>
public interface ILocalSiloDetails
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>Its cluster.</summary>
    string ClusterId { get; }

    /// <summary>The name of its machine.</summary>
    string DnsHostName { get; }

    /// <summary>Where other silos reach it.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>Where clients reach it; port 0 when it has no gateway.</summary>
    SiloAddress GatewayAddress { get; }
}
