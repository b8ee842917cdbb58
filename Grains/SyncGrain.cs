using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Bandwidth;
using Sluice.Persistence;
using Sluice.Placement;
using Sluice.Storage;
using Sluice.Storage.Snapshots;
using Sluice.Sync;

namespace Sluice.Grains;

/// <summary>
/// Keeps one replica in step with its primary. What to do next is decided by <see cref="SyncMachine"/>, carried out by <see cref="SyncShell"/>, in this grain's turns. What is remembered is written before it is acted
/// upon, so a node that restarts goes on by itself, with the first order that its topology gives it.
/// </summary>
[NodePlacement]
[KeepAlive]
internal sealed class SyncGrain(
    [PersistentState("sync", FileGrainStorage.Name)] IPersistentState<SyncRecord> record,
    IOptions<NodeOptions> options,
    StorageEngine engine,
    GrantTable grants,
    SyncTable syncs,
    TimeProvider time,
    ILogger<SyncGrain> logger) : Grain, ISyncGrain, IAsyncDisposable
{
    private SyncTracker tracker = null!;
    private SyncShell shell = null!;
    private ReplicaKey key;
    private bool isStarted;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        key = ReplicaKey.Parse(this.GetPrimaryKeyString());
        tracker = new SyncTracker(key, time);
        tracker.Promotable(record.State);
        syncs.Enter(key, tracker);
        var directory = new PartitionDirectory(options.Value.ShardDirectory(key.Shard));
        var site = new SyncSite(key, GrainFactory, this.GetStreamProvider(ReplicationStreams.ProviderName), directory, engine, tracker, time, logger);

        // The seed differs from replica to replica, so that they do not all come back at the same moment.
        shell = new SyncShell(site, PersistAsync, new Random(HashCode.Combine(key, time.GetUtcNow().Ticks)));
        return base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        syncs.Leave(key, tracker);
        await DisposeAsync();
        await base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <summary>Ends what is under way; what is durable stays.</summary>
    public ValueTask DisposeAsync() => shell.DisposeAsync();

    /// <inheritdoc/>
    public Task Follow(SyncOrder order) => Started().TellAsync(new Ordered(order));

    /// <inheritdoc/>
    public Task Stop() => Started().TellAsync(new StopOrdered());

    /// <inheritdoc/>
    public Task<SyncProgress> GetProgress() =>
        Task.FromResult(tracker.Tell(grants.Find(new FlowId(FlowKind.Snapshot, tracker.CopySource, key), time.GetUtcNow())));

    // Not on activation: somebody who only asks how it stands may come before the replica's database is open.
    private SyncShell Started()
    {
        if (!isStarted)
        {
            isStarted = true;
            shell.Start(record.State);
        }

        return shell;
    }

    private async Task PersistAsync(SyncRecord next)
    {
        record.State = next;
        await record.WriteStateAsync();
    }
}
