using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Sluice;

/// <summary>
/// Admits syncs and allocates the links' bandwidth to flows (one grain, key 0). Holds no bytes and is never on the data path.
/// </summary>
[Alias("Sluice.IBandwidthBrokerGrain")]
public interface IBandwidthBrokerGrain : IGrainWithIntegerKey
{
    /// <summary>One report a node and interval, for all its flows at once; brings back this node's grants.</summary>
    [Alias("Report")]
    Task<NodeGrants> Report(NodeBandwidthReport report);

    /// <summary>Asks leave to begin a full copy. Asked again until it is admitted; an admission lapses when the sync is not seen for some intervals.</summary>
    [Alias("Admit")]
    Task<SyncAdmission> Admit(SyncRequest request);

    /// <summary>The full copy has ended, well or not.</summary>
    [Alias("Finished")]
    Task Finished(ReplicaKey replica);

    /// <summary>What the broker knows of nodes, links and flows.</summary>
    [Alias("GetStatus"), ReadOnly]
    Task<BandwidthStatus> GetStatus();
}
