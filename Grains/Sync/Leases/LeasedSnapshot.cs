using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>One sync's lease, as the data plane sees it. Safe for concurrent use.</summary>
internal sealed class LeasedSnapshot : ISnapshotSource, IDisposable
{
    private readonly string directory;
    private readonly TimeProvider time;
    private readonly IDisposable offer;
    private SnapshotLease lease;
    private long touched;
    private string? damage;

    /// <summary>Offers the snapshot to its sync until it is disposed of.</summary>
    public LeasedSnapshot(HeldLease held, SnapshotManifest manifest, string directory, ReplicationSources sources, TimeProvider time)
    {
        this.directory = directory;
        this.time = time;
        lease = new SnapshotLease
        {
            Id = held.Id,
            Manifest = manifest,
            Transfer = held.Transfer ?? [.. Enumerable.Range(0, manifest.Files.Length)],
            Duration = SnapshotLeases.Duration,
        };
        Touch();
        offer = sources.OfferSnapshot(held.Id, this);
    }

    /// <inheritdoc/>
    public SnapshotLease Lease => Volatile.Read(ref lease);

    /// <summary>When the sync was last heard of, on the monotonic clock.</summary>
    public TimeSpan TouchedAt => TimeSpan.FromTicks(Interlocked.Read(ref touched));

    /// <summary>What is wrong with the snapshot's files; null: nothing that was noticed.</summary>
    public string? Damage => Volatile.Read(ref damage);

    /// <summary>Streams that begin from now on send these files.</summary>
    public void Choose(ImmutableArray<int> transfer) => Volatile.Write(ref lease, Lease with { Transfer = transfer });

    /// <inheritdoc/>
    public SafeFileHandle OpenFile(int fileIndex)
    {
        try
        {
            return File.OpenHandle(Path.Combine(directory, Lease.Manifest.Files[fileIndex].Name), options: FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            Damaged(error.Message);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Touch() => Interlocked.Exchange(ref touched, time.GetElapsedTime(0).Ticks);

    /// <inheritdoc/>
    public void Damaged(string reason) => Interlocked.CompareExchange(ref damage, reason, null);

    /// <summary>Offers it no more.</summary>
    public void Dispose() => offer.Dispose();
}
