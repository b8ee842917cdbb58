using Sluice.Replication;
using Sluice.Storage.Snapshots;
using Sluice.Sync;
using InstalledManifestFile = Sluice.Replication.InstalledManifest;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>A machine: what its disk holds, and the life of its process, if it has one now.</summary>
internal sealed class Node
{
    private const string Live = "live";
    private const string Staging = "staging";
    private const string Incoming = "incoming";
    private const string Keeping = "incoming-keeping";
    private const string Old = "old";

    private readonly World world;
    private readonly Network network;
    private readonly IReadOnlyDictionary<string, Node> all;
    private readonly DateTimeOffset bootedAt;
    private TimeSpan clockError;

    public Node(World world, Network network, Truth truth, Scenario scenario, string name, IReadOnlyDictionary<string, Node> all)
    {
        this.world = world;
        this.network = network;
        this.all = all;
        Truth = truth;
        Scenario = scenario;
        Name = name;
        Disk = new Disk(world) { SyncTime = scenario.SyncTime };
        SyncRecord = new DurableCell<SyncRecord>(world, new SyncRecord());
        Remembered = new DurableCell<ClusterTopology>(world, new ClusterTopology());
        Topology = new DurableCell<ClusterTopology>(world, new ClusterTopology());
        bootedAt = world.Now;
    }

    public string Name { get; }

    public Truth Truth { get; }

    public Scenario Scenario { get; }

    public Disk Disk { get; }

    public Dictionary<Guid, KeptSnapshot> KeptSnapshots { get; } = [];

    public DurableCell<SyncRecord> SyncRecord { get; }

    /// <summary>The topology as the node remembers it.</summary>
    public DurableCell<ClusterTopology> Remembered { get; }

    /// <summary>The topology itself, on the coordinator.</summary>
    public DurableCell<ClusterTopology> Topology { get; }

    public Process? Process { get; private set; }

    public Shard Shard { get; private set; } = null!;

    public Sync Sync { get; private set; } = null!;

    public NodeControl Control { get; private set; } = null!;

    public TopologyControl Coordinator { get; private set; } = null!;

    /// <summary>How many replicas there may be.</summary>
    public int Replicas => all.Count - 1;

    public bool IsUp => Process is { IsAlive: true };

    public bool IsLive => Sync.State == SyncState.Live;

    public DateTimeOffset WallClock => world.Now + clockError;

    public TimeSpan MonotonicClock => world.Now - bootedAt;

    public Node Of(Process process) => all[process.Node];

    public void Start()
    {
        world.Say(Name, $"starts");
        var process = new Process(world, Name);
        Process = process;
        network.Started(process);
        Coordinator = new TopologyControl(world, network, this, process, all.Keys);
        Shard = new Shard(world, this, process);
        Sync = new Sync(world, network, this, process);
        Control = new NodeControl(world, network, this, process);
    }

    /// <summary>The process ends, by a signal that it does not see or with the machine's power.</summary>
    public void Crash(bool powerLoss)
    {
        world.Say(Name, $"{(powerLoss ? "loses power" : "is killed")}");
        Process!.End();
        foreach (var connection in network.Connections.Where(connection => connection.Client.Owner == Process || connection.Server.Owner == Process).ToList())
        {
            var other = connection.Client.Owner == Process ? connection.Server : connection.Client;
            if (!powerLoss)
            {
                other.Owner.After(network.Latency(), () => other.Lost($"{Name} has closed the connection"));
            }
        }

        SyncRecord.Crash();
        Remembered.Crash();
        Topology.Crash();
        if (powerLoss)
        {
            Disk.LosePower();
        }
    }

    public void SetClock(TimeSpan error) => clockError = error;

    /// <summary>The live database after putting the directories in order: PartitionDirectory.Recover and Partition.Open.</summary>
    public Database OpenLive()
    {
        while (NextStep() is { } step)
        {
            step();
            Disk.Root.Sync();
        }

        if (Disk.Root.Find(Live) is not { } live)
        {
            live = Disk.Directory(Live);
            live.Database = new Database(world.NewGuid().ToString("N"));
            Disk.Root.Sync();
            Truth.Reopened(Name, live.Database);
        }
        else if (live.Database is null)
        {
            live.Names.Remove(StagingJournal.FileName);
            live.Database = Database.Open(TablesOf(live), world.Chance(0.5) ? null : world.NewGuid().ToString("N"));
            Truth.Replaced(Name, live.Database);
        }
        else
        {
            Truth.Reopened(Name, live.Database);
        }

        return live.Database;
    }

    /// <summary>The epoch of the newest epoch record in the live database.</summary>
    public long LastReign => Disk.Root.Find(Live)?.Database?.Records.LastOrDefault(record => record.BeginsEpoch).Epoch ?? 0;

    /// <summary>The files of the live database that never change.</summary>
    public IReadOnlyDictionary<string, DiskFile> LiveFiles() =>
        Disk.Root.Find(Live)?.Database is { } database ? database.Tables.ToDictionary(table => table.Name, table => table.File, StringComparer.Ordinal) : new Dictionary<string, DiskFile>(StringComparer.Ordinal);

    /// <summary>What the live directory says that it was installed from; null when it was not, or the disk has damaged that.</summary>
    public SnapshotManifest? InstalledManifest()
    {
        if (Disk.Root.Find(Live)?.Names.Find(InstalledManifestFile.FileName) is not { } file)
        {
            return null;
        }

        try
        {
            return ManifestEncoding.Read(file.Content, Guid.Empty, TimeSpan.Zero).Manifest;
        }
        catch (InvalidManifestException)
        {
            return null;
        }
    }

    /// <summary>Whether what is staged is a database that stands where its manifest says; says why not, or null.</summary>
    public string? CanOpen(SnapshotManifest manifest)
    {
        try
        {
            var opened = Database.Open(TablesOf(Disk.Directory(Staging)), null);
            return opened.LatestSequence == manifest.Sequence ? null : $"the copy stands at {opened.LatestSequence}, its manifest says {manifest.Sequence}";
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or IndexOutOfRangeException)
        {
            return error.Message;
        }
    }

    /// <summary>Puts what is staged in the place of the live data: ShardGrain.Install and PartitionDirectory.Install.</summary>
    public void Install(SnapshotManifest manifest, bool keepOld, Process process, Action<LogPosition> done)
    {
        Shard.Hold();
        Shard.Close();
        var staging = Disk.Directory(Staging);
        var note = new DiskFile();
        note.Append(ManifestEncoding.Write(new SnapshotLease { Id = Guid.Empty, Manifest = manifest, Transfer = [] }));
        staging.Names.Set(InstalledManifestFile.FileName, note);
        process.After(Disk.NextSync(), () =>
        {
            foreach (var file in staging.Names.Entries.Values.Where(_ => world.Defect != Defect.InstallWithoutSync))
            {
                file.Sync(file.Length);
            }

            if (world.Defect != Defect.InstallWithoutSync)
            {
                staging.Names.Sync();
            }

            Disk.Root.Rename(Staging, keepOld ? Keeping : Incoming);
            CarryOut(process, () =>
            {
                Shard.Open();
                Shard.Release();
                done(Shard.Position);
            });
        });
    }

    /// <summary>Nothing of the shard is held here any more.</summary>
    public void RemoveData()
    {
        foreach (var name in Disk.Root.Entries.Keys.ToList())
        {
            Disk.Root.Remove(name);
        }

        Disk.Root.Sync();
        Truth.Copies.Ended(KeptSnapshots.Values.SelectMany(snapshot => snapshot.Leases).Select(lease => lease.Id));
        KeptSnapshots.Clear();
        Truth.Removed(Name);
    }

    private static Dictionary<string, DiskFile> TablesOf(DiskDirectory directory) => directory.Names.Entries
        .Where(entry => !entry.Key.StartsWith("sluice-", StringComparison.Ordinal))
        .ToDictionary(StringComparer.Ordinal);

    private void CarryOut(Process process, Action done) => process.After(Disk.NextSync(), () =>
    {
        if (world.Defect != Defect.InstallWithoutSync)
        {
            Disk.Root.Sync();
        }

        if (NextStep() is not { } step)
        {
            done();
            return;
        }

        step();
        CarryOut(process, done);
    });

    private Action? NextStep()
    {
        var root = Disk.Root;
        var keeping = root.Find(Keeping) is not null;
        var incoming = keeping ? Keeping : Incoming;
        var steps = RecoveryPlan.Of(root.Find(Live) is not null, root.Find(incoming) is not null, keeping, root.Find(Old) is not null);
        return steps.IsEmpty ? null : () =>
        {
            switch (steps[0])
            {
                case RecoveryStep.DeleteOld:
                    root.Remove(Old);
                    break;
                case RecoveryStep.RetireLive:
                    root.Rename(Live, Old);
                    break;
                case RecoveryStep.KeepLive:
                    root.Rename(Live, $"diverged-{world.Events}");
                    break;
                case RecoveryStep.PromoteIncoming:
                    root.Rename(incoming, Live);
                    break;
                default:
                    root.Rename(Old, Live);
                    break;
            }
        };
    }
}
