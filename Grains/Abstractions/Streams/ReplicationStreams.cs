using System.Globalization;
using Orleans.Runtime;

namespace Sluice;

/// <summary>
/// The names of the replication streams. The provider is registered as <see cref="ProviderName"/>. It has no queue: the checkpoint is the queue of a
/// snapshot stream, the write-ahead log is the queue of a log stream.
/// </summary>
public static class ReplicationStreams
{
    /// <summary>The stream provider's name.</summary>
    public const string ProviderName = "replication";

    /// <summary>The namespace of snapshot streams.</summary>
    public const string SnapshotNamespace = "snapshot";

    /// <summary>The namespace of manifest streams.</summary>
    public const string ManifestNamespace = "manifest";

    /// <summary>The namespace of log streams whose records are applied: what is acknowledged is durable in the replica's database.</summary>
    public const string LogNamespace = "log";

    /// <summary>The namespace of log streams whose records are kept beside a copy that is under way: what is acknowledged is durable in the replica's spool, and counts for nobody who waits.</summary>
    public const string SpoolNamespace = "spool";

    /// <summary>The stream of <see cref="SnapshotChunk"/>s of a leased snapshot; key <c>shard@source/lease</c>.</summary>
    public static StreamId Snapshot(ReplicaKey source, Guid lease) =>
        StreamId.Create(SnapshotNamespace, string.Create(CultureInfo.InvariantCulture, $"{source}/{lease:N}"));

    /// <summary>
    /// The stream that tells what a leased snapshot consists of, as <see cref="SnapshotChunk"/>s of one file; key <c>shard@source/lease</c>.
    /// </summary>
    public static StreamId Manifest(ReplicaKey source, Guid lease) =>
        StreamId.Create(ManifestNamespace, string.Create(CultureInfo.InvariantCulture, $"{source}/{lease:N}"));

    /// <summary>The stream of <see cref="LogFrame"/>s of a replica that is copied from; key <c>shard@source</c>.</summary>
    public static StreamId Log(ReplicaKey source) => StreamId.Create(LogNamespace, source.ToString());

    /// <summary>The same <see cref="LogFrame"/>s for a replica that spools them; key <c>shard@source</c>.</summary>
    public static StreamId Spool(ReplicaKey source) => StreamId.Create(SpoolNamespace, source.ToString());
}
