using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Sluice;

/// <summary>
/// Admits syncs and allocates the links' bandwidth to flows (one grain, key 0). Holds no bytes and is never on the data path.
/// Orders of operators change the policy, which is durable when the call returns and takes effect on running flows within one second. They are carried out one after the other; reports and questions
/// interleave with them, so that an order that waits for the disk holds nobody up.
/// </summary>
[Alias("Sluice.IBandwidthBrokerGrain")]
public interface IBandwidthBrokerGrain : IGrainWithIntegerKey
{
    /// <summary>One report a node and interval, for all its flows at once; brings back this node's grants.</summary>
    [Alias("Report"), AlwaysInterleave]
    Task<NodeGrants> Report(NodeBandwidthReport report);

    /// <summary>Asks leave to begin a full copy. Asked again until it is admitted, and while it is under way; an admission lapses when the sync is not seen for some intervals.</summary>
    [Alias("Admit"), AlwaysInterleave]
    Task<SyncAdmission> Admit(SyncRequest request);

    /// <summary>The full copy has ended, well or not. Its class, limit and pause stay until they are taken back.</summary>
    [Alias("Finished"), AlwaysInterleave]
    Task Finished(ReplicaKey replica);

    /// <summary>What the broker knows of nodes, links and flows.</summary>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<BandwidthStatus> GetStatus();

    /// <summary>The policy in force.</summary>
    [Alias("GetPolicy"), AlwaysInterleave]
    Task<BandwidthPolicy> GetPolicy();

    /// <summary>Changes a row of the class table.</summary>
    /// <returns>The policy with the change.</returns>
    /// <exception cref="OrderRefusedException">There is no such class, or a term is outside its range.</exception>
    [Alias("SetClass")]
    Task<BandwidthPolicy> SetClass(QosClassTerms terms);

    /// <summary>Changes several rows of the class table, all or none.</summary>
    /// <returns>The policy with the changes.</returns>
    /// <exception cref="OrderRefusedException">There is no such class, or a term is outside its range.</exception>
    [Alias("SetClasses")]
    Task<BandwidthPolicy> SetClasses(ImmutableArray<QosClassTerms> terms);

    /// <summary>Gives one sync another class, also while it runs.</summary>
    /// <param name="replica">The replica that it builds.</param>
    /// <param name="qosClass">The class; empty: the one that it was begun with.</param>
    /// <exception cref="OrderRefusedException">There is no such class.</exception>
    [Alias("SetSyncClass")]
    Task<BandwidthPolicy> SetSyncClass(ReplicaKey replica, string qosClass);

    /// <summary>Limits one sync, also while it runs.</summary>
    /// <param name="replica">The replica that it builds.</param>
    /// <param name="bytesPerSecond">The limit; 0: none of its own.</param>
    /// <exception cref="OrderRefusedException">The limit is below 0.</exception>
    [Alias("SetSyncLimit")]
    Task<BandwidthPolicy> SetSyncLimit(ReplicaKey replica, long bytesPerSecond);

    /// <summary>Gives one sync another class and another limit, both or neither.</summary>
    /// <param name="replica">The replica that it builds.</param>
    /// <param name="qosClass">The class; empty: the one that it was begun with; null: as it is.</param>
    /// <param name="limitBytesPerSecond">The limit, bytes per second; 0: none of its own; null: as it is.</param>
    /// <exception cref="OrderRefusedException">There is no such class, or the limit is outside its range.</exception>
    [Alias("SetSync")]
    Task<BandwidthPolicy> SetSync(ReplicaKey replica, string? qosClass, long? limitBytesPerSecond);

    /// <summary>Pauses one full copy, running or still to begin. Its log stream, if it has one, goes on.</summary>
    /// <param name="replica">The replica that it builds.</param>
    /// <param name="until">When it goes on by itself; null: when it is resumed.</param>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    [Alias("Pause")]
    Task<BandwidthPolicy> Pause(ReplicaKey replica, DateTimeOffset? until);

    /// <summary>Lets a paused full copy go on. A pause of all is not ended by it.</summary>
    [Alias("Resume")]
    Task<BandwidthPolicy> Resume(ReplicaKey replica);

    /// <summary>Pauses all full copies, running or still to begin.</summary>
    /// <param name="until">When they go on by themselves; null: when they are resumed.</param>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    [Alias("PauseAll")]
    Task<BandwidthPolicy> PauseAll(DateTimeOffset? until);

    /// <summary>Ends the pause of all. A copy that was paused by itself stays paused.</summary>
    [Alias("ResumeAll")]
    Task<BandwidthPolicy> ResumeAll();
}

/// <summary>
/// Keeps the <see cref="BandwidthPolicy"/> (one grain, key 0, on the node whose data directory holds it). The broker, which may be activated on any node, asks it; everybody else asks the broker.
/// </summary>
[Alias("Sluice.IBandwidthPolicyGrain")]
public interface IBandwidthPolicyGrain : IGrainWithIntegerKey
{
    /// <summary>The policy in force.</summary>
    [Alias("Get")]
    Task<BandwidthPolicy> Get();

    /// <summary>Replaces the policy, if nobody else has changed it meanwhile. Durable when it returns.</summary>
    /// <param name="policy">The new policy, with the version of the one that it was made of.</param>
    /// <returns>The policy with its new version; null: another version is in force, the change has to be made to that one.</returns>
    [Alias("Replace")]
    Task<BandwidthPolicy?> Replace(BandwidthPolicy policy);
}
