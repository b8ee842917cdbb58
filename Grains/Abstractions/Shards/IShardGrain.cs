using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Sluice;

/// <summary>
/// One replica of one shard (key <c>shard@node</c>, placed on that node): owns that replica's RocksDB partition, and is the only one that opens it.
/// As primary it executes commands; as replica it serves reads and applies the log.
/// </summary>
[Alias("Sluice.IShardGrain")]
public interface IShardGrain : IGrainWithStringKey
{
    /// <summary>
    /// Executes a client's commands in order. A command's failure is its reply, never an exception. The replies come when the writes are as
    /// durable as the fsync policy says.
    /// </summary>
    [Alias("Execute"), AlwaysInterleave]
    ValueTask<ReplyBatch> Execute(CommandBatch batch);

    /// <summary>What this replica is and holds.</summary>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<ShardStatus> GetStatus();

    /// <summary>
    /// Waits until <paramref name="replicas"/> replicas have made <paramref name="sequence"/> durable, or the time is over.
    /// </summary>
    /// <returns>How many have.</returns>
    [Alias("WaitForReplicas"), AlwaysInterleave]
    Task<int> WaitForReplicas(long sequence, int replicas, TimeSpan timeout);

    /// <summary>Waits until this replica stands at a position, or the time is over, and makes what it has durable.</summary>
    /// <returns>Where it stands then.</returns>
    /// <exception cref="ShardUnavailableException">It is not open.</exception>
    [Alias("ReachPosition"), AlwaysInterleave]
    Task<LogPosition> ReachPosition(LogPosition position, TimeSpan timeout);

    /// <summary>
    /// Begins to hand the shard over to a replica: writes wait from now on, until the replica is primary or the hand-over has failed. <see cref="GetHandOver"/> tells how it goes.
    /// </summary>
    /// <exception cref="OrderRefusedException">This replica is not the primary of that epoch, or hands over already.</exception>
    [Alias("BeginHandOver"), AlwaysInterleave]
    Task BeginHandOver(HandOverOrder order);

    /// <summary>How the hand-over stands, or how the last one ended.</summary>
    [Alias("GetHandOver"), AlwaysInterleave]
    Task<HandOverStatus> GetHandOver();

    /// <summary>Gives a hand-over up, unless it is too late.</summary>
    [Alias("AbortHandOver"), AlwaysInterleave]
    Task AbortHandOver();

    /// <summary>Takes on what the topology says of this shard: role, epoch, primary. An older epoch than the known one is ignored.</summary>
    /// <returns>
    /// False when this replica is to be primary of an epoch in which it has reigned already, in an earlier life of its node. It accepts no writes then, for what it had not made durable may be with its
    /// replicas: the topology must give it a new epoch (<see cref="ITopologyGrain.BeginReigns"/>).
    /// </returns>
    [Alias("Assign")]
    Task<bool> Assign(ShardAssignment assignment);

    /// <summary>Says whether a follower's position lies in this replica's history, and whether its log goes on from there. Asked before any log stream is opened.</summary>
    /// <exception cref="ShardUnavailableException">This replica has nothing to offer now: it is not open, or knows less of the shard's epochs than the follower.</exception>
    [Alias("OfferLog"), AlwaysInterleave]
    Task<LogOffer> OfferLog(LogRequest request);

    /// <summary>Makes or shares a snapshot and leases it to one sync. The primary can be copied from, and a replica that is live.</summary>
    /// <returns>Null while the snapshot is being made, which takes as long as its files take to read: ask again.</returns>
    /// <exception cref="ShardUnavailableException">This replica cannot be copied from.</exception>
    /// <exception cref="SnapshotRefusedException">No snapshot can be made at present; the message says why. Ask again later.</exception>
    [Alias("OpenSnapshot"), AlwaysInterleave]
    Task<SnapshotOffer?> OpenSnapshot(SnapshotRequest request);

    /// <summary>
    /// Says which files of a leased snapshot are streamed, and in which order: indexes into <see cref="SnapshotManifest.Files"/>. Until then it is all of them. Positions of the snapshot's
    /// stream count from here on over these files. It survives a restart of this replica as the lease does.
    /// </summary>
    /// <returns>False when the snapshot is gone.</returns>
    /// <exception cref="SnapshotRefusedException">The manifest has no such files.</exception>
    [Alias("ChooseFiles"), AlwaysInterleave]
    Task<bool> ChooseFiles(Guid lease, ImmutableArray<int> transfer);

    /// <summary>Extends a lease. False when the snapshot is gone.</summary>
    [Alias("RenewSnapshot"), AlwaysInterleave]
    Task<bool> RenewSnapshot(Guid lease);

    /// <summary>Gives a lease back; the snapshot goes with its last lease.</summary>
    [Alias("ReleaseSnapshot"), AlwaysInterleave]
    Task ReleaseSnapshot(Guid lease);

    /// <summary>
    /// Replaces this replica's data by the verified copy in its staging directory (called by the sync of the same replica on the same node). At any moment a reader
    /// sees the old data or the whole new copy.
    /// </summary>
    [Alias("Install")]
    Task Install(SnapshotInstallation installation);

    /// <summary>
    /// Applies log records that follow this replica's sequence without a gap; returns the sequence that is now durable. The next records may be handed over before this ends: those that wait for the disk share one fsync.
    /// </summary>
    /// <exception cref="LogGapException">The records do not follow this replica's sequence.</exception>
    [Alias("Apply"), AlwaysInterleave]
    Task<long> Apply(LogBatch batch);

    /// <summary>A digest of all keys and values in key order, expired ones left out, at one sequence.</summary>
    [Alias("ComputeDigest"), AlwaysInterleave, ResponseTimeout("00:10:00")]
    Task<ShardDigest> ComputeDigest();
}
