using System.Collections.Immutable;
using Sluice.Replication;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Watches the bytes of full copies and spools: what was acknowledged survives, and is not sent again; what is held is not sent at all.</summary>
internal sealed class CopyTruth(Truth truth)
{
    private readonly Dictionary<Guid, (string Node, ImmutableArray<int> Transfer, long Acknowledged)> leases = [];
    private readonly Dictionary<string, LogPosition> spools = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> openedAtPeace = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> ended = [];

    // A snapshot that was made waits some minutes for who asked for it, and its log may be purged meanwhile.
    private const int SpareSnapshots = 10;


    /// <summary>A source has been told which files are wanted. Other ones than before only when a disk has damaged some.</summary>
    public void Chosen(Node node, Guid lease, ImmutableArray<int> transfer)
    {
        if (leases.TryGetValue(lease, out var known) && known.Transfer.SequenceEqual(transfer))
        {
            return;
        }

        if (known.Acknowledged > 0 && !truth.HadDamage)
        {
            truth.Violated("durable-ack", $"{node.Name} had acknowledged {known.Acknowledged} bytes and asks for some of them again");
        }

        leases[lease] = (node.Name, transfer, 0);
    }

    /// <summary>A replica has acknowledged a position of a copy.</summary>
    public void Acknowledged(Guid lease, long position) => leases[lease] = leases[lease] with { Acknowledged = Math.Max(position, leases[lease].Acknowledged) };

    /// <summary>A replica has thrown away what it had staged, by order or because it is of no use.</summary>
    public void Discarded(string node)
    {
        foreach (var (lease, known) in leases.Where(lease => lease.Value.Node == node).ToList())
        {
            leases[lease] = known with { Acknowledged = 0 };
        }
    }

    /// <summary>A stream of files begins.</summary>
    public void Begins(Node replica, Guid lease, long from)
    {
        if (leases.TryGetValue(lease, out var known) && from < known.Acknowledged && !truth.HadDamage)
        {
            truth.Violated("no-waste", $"{replica.Name} has files sent from byte {from} on, and had acknowledged {known.Acknowledged}");
        }
    }

    /// <summary>A new copy begins: what its manifest names and lies here, whole, must not be sent.</summary>
    public void Begins(Node node, SnapshotManifest manifest, ImmutableArray<HeldFile> held, StagedState? staged, IReadOnlyDictionary<string, DiskFile> stagedFiles, SnapshotManifest? installed)
    {
        var live = node.LiveFiles();
        bool IsThere(SnapshotFile file, IReadOnlyDictionary<string, DiskFile> files) =>
            files.TryGetValue(file.Name, out var found) && found.Length == file.Size && Crc32C.Compute(found.Content) == file.Crc32C;
        foreach (var index in HeldFiles.Rest(manifest, held))
        {
            var file = manifest.Files[index];
            var isStaged = staged?.Plan.Manifest.DatabaseId == manifest.DatabaseId
                && staged.Whole().Any(whole => staged.Plan.Manifest.Files[whole] == file) && IsThere(file, stagedFiles);
            var isLive = installed?.DatabaseId == manifest.DatabaseId && InstalledManifest.NeverChanges(file.Name) && installed.Files.Contains(file) && IsThere(file, live);
            if (isStaged || isLive)
            {
                truth.Violated("no-waste", $"{node.Name} has {file.Name} sent, which it holds, {(isStaged ? "staged" : "live")}");
            }
        }
    }

    /// <summary>Leases end as they should: given back, replaced by another one, or of another history.</summary>
    public void Ended(IEnumerable<Guid> given) => ended.UnionWith(given);

    /// <summary>A replica hears that its lease is gone.</summary>
    public void Gone(string node, Guid lease)
    {
        if (!ended.Contains(lease) && !truth.HadDamage)
        {
            truth.Violated("no-waste", $"{node} has lost a lease that it had not given back, and was heard of all the time");
        }
    }

    /// <summary>A replica says that something that came is not what it should be.</summary>
    public void Corrupt(string node, object what)
    {
        if (!truth.HadDamage)
        {
            truth.Violated("no-waste", $"{node} finds something damaged, which nothing has damaged: {what}");
        }
    }

    /// <summary>What a source keeps for its replicas: a lease for each of them at the most, and few snapshots that nobody leases yet.</summary>
    public void Kept(string node, int snapshots, int leases, int replicas)
    {
        if (leases > replicas || snapshots > leases + SpareSnapshots)
        {
            truth.Violated("bounded-memory", $"{node} keeps {snapshots} snapshots and {leases} leases for {replicas} nodes");
        }
    }

    /// <summary>A replica has got a snapshot. In peace it needs one, or another one if the log was purged meanwhile or the one that it had is gone; not again and again.</summary>
    public void Opened(string node)
    {
        if (truth.IsHealed && !truth.HadDamage && (openedAtPeace[node] = openedAtPeace.GetValueOrDefault(node) + 1) > 4)
        {
            truth.Violated("no-waste", $"{node} has opened its fifth snapshot without a fault");
        }
    }

    /// <summary>A replica has acknowledged the spool up to a position.</summary>
    public void Spooled(string node, LogPosition position) => spools[node] = position;

    /// <summary>A replica has thrown its spool away, or begun another one.</summary>
    public void SpoolGone(string node) => spools.Remove(node);

    /// <summary>A replica has opened its spool again.</summary>
    public void SpoolOpened(Node node, LogPosition end)
    {
        if (spools.TryGetValue(node.Name, out var known) && end.Sequence < known.Sequence && !truth.HadDamage)
        {
            truth.Violated("durable-ack", $"{node.Name} had acknowledged its spool up to {known}, and it ends at {end}");
        }
    }
}
