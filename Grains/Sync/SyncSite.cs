using Microsoft.Extensions.Logging;
using Orleans.Streams;
using Sluice.Storage;
using Sluice.Storage.Snapshots;

namespace Sluice.Sync;

/// <summary>What the parts of a sync's shell work with.</summary>
/// <param name="Replica">The replica that is kept in step.</param>
/// <param name="Grains">For calls to other grains.</param>
/// <param name="Streams">The data plane.</param>
/// <param name="Directory">The replica's directories.</param>
/// <param name="Engine">Opens what was staged, to see whether it is a database.</param>
/// <param name="Tracker">Figures for operators.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record SyncSite(
    ReplicaKey Replica, IGrainFactory Grains, IStreamProvider Streams, PartitionDirectory Directory, StorageEngine Engine, SyncTracker Tracker, TimeProvider Time, ILogger Logger)
{
    /// <summary>The replica's own database.</summary>
    public IShardGrain Shard => Grains.GetGrain<IShardGrain>(Replica.ToString());

    /// <summary>The same shard's replica on another node.</summary>
    public ReplicaKey At(string node) => new(Replica.Shard, node);

    /// <summary>The grain of the same shard's replica on another node.</summary>
    public IShardGrain ShardAt(string node) => Grains.GetGrain<IShardGrain>(At(node).ToString());
}
