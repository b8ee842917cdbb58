using System.Net.Sockets;
using Orleans.Runtime;
using RocksDbSharp;
using Sluice.Replication;
using Sluice.Storage.Snapshots;

namespace Sluice.Sync;

/// <summary>Tells exceptions by what a sync does about them. Errors of peers, of the network and of a full disk are a sync's daily bread: one sentence is said of them, and no stack is shown.</summary>
internal static class SyncFailures
{
    /// <summary>Which kind an exception is of.</summary>
    public static SyncFailure Of(Exception error) => error switch
    {
        LogTruncatedException => SyncFailure.Truncated,
        StagingSpaceException or SpoolSpaceException => SyncFailure.DiskFull,
        IOException io when DiskFiles.IsFull(io) => SyncFailure.DiskFull,
        RocksDbException when error.Message.Contains("No space left", StringComparison.Ordinal) => SyncFailure.DiskFull,
        StagedFileCorruptException or SpoolDamagedException or InvalidManifestException or LogGapException or InvalidDataException => SyncFailure.Corrupt,
        StagingJournalException { IsNewer: false } => SyncFailure.Corrupt,
        StagedCopyException => SyncFailure.Unusable,
        ReplicationConnectionException { Failure: ReplicationFailure.Refused or ReplicationFailure.Closed or ReplicationFailure.Stalled or ReplicationFailure.Malformed } => SyncFailure.Unreachable,
        ReplicationConnectionException or ShardUnavailableException or SnapshotRefusedException or OrderRefusedException => SyncFailure.Refused,
        TimeoutException or SocketException or OrleansException => SyncFailure.Unreachable,
        _ => SyncFailure.Unexpected,
    };
}
