using System.Collections.Immutable;
using Sluice.Storage.Log;
using Sluice.Sync;
using Sluice.Topology;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// One replica in one life of its node: ShardGrain and Partition around the real <see cref="Fence"/>, <see cref="EpochHistory"/>, <see cref="LogJudgement"/> and <see cref="SnapshotLeases"/>. What it differs in:
/// commands are only writes, and the database is a model.
/// </summary>
internal sealed class Shard
{
    private static readonly TimeSpan Upkeep = TimeSpan.FromSeconds(1);

    private readonly World world;
    private readonly Node node;
    private readonly Process process;
    private readonly ReplicaKey key;
    private readonly Fence fence = new();
    private readonly List<LogServer> followers = [];
    private readonly LogFeed feed = new();

    // Writes that came while the shard was held.
    private readonly Queue<Action> held = new();
    private bool isHeld;
    private long pauses;

    public Shard(World world, Node node, Process process)
    {
        this.world = world;
        this.node = node;
        this.process = process;
        key = new ReplicaKey(0, node.Name);
        KeepUp();
    }

    public Database? Database { get; private set; }

    public EpochHistory History { get; private set; } = EpochHistory.Empty;

    public Snapshots? Snapshots { get; private set; }

    public TimeSpan MonotonicClock => node.MonotonicClock;

    public long Epoch => fence.Epoch;

    public ReplicaRole Role => fence.Role;

    public bool MayWrite => Database is not null && fence.MayWrite;

    public LogPosition Position => Database is { } open ? new LogPosition(History.EpochAt(open.LatestSequence), open.LatestSequence) : default;

    private Truth Truth => node.Truth;

    /// <summary>A client's write; its answer comes when it is as durable as the fsync policy says.</summary>
    public void Write(long payload, int count, Action acknowledged, Action refused)
    {
        if (isHeld)
        {
            held.Enqueue(() => Write(payload, count, acknowledged, refused));
            return;
        }

        if (!MayWrite)
        {
            refused();
            return;
        }

        var open = Database!;
        var record = new Record(History.LastEpoch, open.LatestSequence + 1, count, payload, BeginsEpoch: false);
        Append(open, record);
        Truth.Wrote(node.Name, open);
        var chain = open.LatestChain;
        void Acknowledge()
        {
            Truth.AcknowledgedWrite(node.Name, record, chain, node.Scenario.FsyncAlways);
            acknowledged();
        }

        if (node.Scenario.FsyncAlways && world.Defect != Defect.AckWriteBeforeFsync)
        {
            SyncLog(Acknowledge);
        }
        else
        {
            Acknowledge();
        }
    }

    /// <summary>Holds writes for a planned change of primary; says where the log ends.</summary>
    public void PauseWrites(long epoch, TimeSpan duration, Action<long> answer, Action<string> refuse)
    {
        if (Role != ReplicaRole.Primary || Epoch != epoch || Database is null)
        {
            refuse($"{node.Name} is not the primary of epoch {epoch}: it is {Role} at epoch {Epoch}");
            return;
        }

        isHeld = true;
        var pause = ++pauses;
        process.After(world.Defect == Defect.UnpauseBeforeChange ? TimeSpan.FromMilliseconds(20) : duration, () =>
        {
            if (pause != pauses)
            {
                return;
            }

            if (world.Defect == Defect.UnpauseBeforeChange)
            {
                Release();
            }
            else
            {
                // The change may still be on its way to the topology: it must have become impossible before anything is written.
                node.Control.RollBack(epoch);
            }
        });
        answer(Database.LatestSequence);
    }

    /// <summary>The topology says what this replica is.</summary>
    public void Assign(ShardAssignment next, Action done)
    {
        var (roleBefore, epochBefore) = (Role, Epoch);
        if (world.Defect == Defect.IgnoreFence && MayWrite && next.Epoch > Epoch)
        {
            Truth.Learned(node.Name, next.Epoch);
            done();
            return;
        }

        if (!fence.Assign(next.RoleOf(node.Name), next.Epoch))
        {
            done();
            return;
        }

        Truth.Learned(node.Name, next.Epoch);
        if (Role == ReplicaRole.None)
        {
            Close();
            node.RemoveData();
            done();
            return;
        }

        if (Database is null)
        {
            Open();
        }

        if (roleBefore != Role || epochBefore != next.Epoch)
        {
            world.Say(node.Name, $"is {Role} of epoch {next.Epoch}, at {Position}");
            EndStreams("the replica's role has changed");
            if (Role == ReplicaRole.Primary)
            {
                BeginReign(next.Epoch, () =>
                {
                    Release();
                    done();
                });
                return;
            }

            Release();
        }
        else if (world.Defect == Defect.UnpauseByAnyAssignment)
        {
            Release();
        }

        done();
    }

    /// <summary>A follower asks whether it may go on.</summary>
    public void OfferLog(LogRequest request, Action<LogOffer> answer, Action<string> refuse)
    {
        if (Database is not { } open)
        {
            refuse($"{node.Name} is not open");
            return;
        }

        Hear(request.KnownEpoch);
        if (Role == ReplicaRole.None || fence.IsFenced || request.KnownEpoch > fence.Epoch)
        {
            refuse($"{node.Name} is {Role} at epoch {fence.Epoch} and knows less than {request.Replica}");
            return;
        }

        var offer = LogJudgement.Of(History, request, fence.Epoch, open.LatestSequence, open.FirstAvailable);
        var isWrong = (world.Defect == Defect.VerdictIgnoresEpoch && offer.Verdict == LogVerdict.Diverged)
            || (world.Defect == Defect.VerdictIgnoresTruncation && offer.Verdict == LogVerdict.Truncated && request.Position.Epoch > 0);
        answer(isWrong ? offer with { Verdict = LogVerdict.Continue } : offer);
    }

    public void OpenSnapshot(ReplicaKey replica, Action<SnapshotOffer?> answer, Action<string> refuse)
    {
        if (Database is not { } open || (Role != ReplicaRole.Primary && !node.IsLive))
        {
            refuse($"{node.Name} is neither the primary nor live");
            return;
        }

        Snapshots!.Open(world.Defect == Defect.LeasePerRequest ? new ReplicaKey(world.Next(1_000_000), replica.Node) : replica, open, History, answer, refuse);
    }

    /// <summary>Log that was received is applied: ShardGrain.Apply. Says what is wrong, or null.</summary>
    public string? Apply(long epoch, ImmutableArray<LogRecord> records)
    {
        if (Role != ReplicaRole.Replica || epoch != Epoch || Database is not { } open)
        {
            return $"{node.Name} is {Role} at epoch {Epoch}: log of epoch {epoch} is not applied";
        }

        foreach (var record in records)
        {
            if (world.Defect == Defect.SkipRecord && world.Chance(0.01))
            {
                continue;
            }

            if (record.Sequence != open.LatestSequence + 1 && world.Defect != Defect.SkipRecord)
            {
                return $"a log record begins at {record.Sequence}, but {node.Name} stands at {open.LatestSequence}";
            }

            Append(open, Record.Read(record.Batch));
            if (world.Defect == Defect.ApplyRecordTwice && world.Chance(0.01) && !Record.Read(record.Batch).BeginsEpoch)
            {
                Append(open, Record.Read(record.Batch));
            }

            Truth.Holds(node.Name, open);
        }

        return null;
    }

    /// <summary>Makes what is written by now durable.</summary>
    public void SyncLog(Action done)
    {
        if (Database is { } open && open.LatestSequence is var latest)
        {
            process.After(node.Disk.NextSync(), () =>
            {
                open.SyncLog(latest);
                done();
            });
        }
    }

    /// <summary>Begins to send a follower the log, from a sequence on.</summary>
    public void ServeLog(ConnectionEnd end, ReplicaKey replica, long from, bool spools)
    {
        if (Database is not { } open || from > open.LatestSequence + 1)
        {
            end.Send(new StreamError(SyncFailure.Refused, "there is no such log here"), 0);
            return;
        }

        var server = new LogServer(this, open, end, feed.Join(replica.Node, spools ? FollowerMode.Spool : FollowerMode.Apply, from, node.MonotonicClock), from);
        followers.Add(server);
        server.Pump();
    }

    public void ServeFiles(ConnectionEnd end, Guid lease, long from)
    {
        new FileServer(this, end, lease, from).Pump();
    }

    public bool Serves(LogServer follower) => followers.Contains(follower);

    public void HasAcknowledged(LogServer follower, long sequence)
    {
        if (Serves(follower))
        {
            follower.Fed.Acknowledge(sequence, follower.SentBytes, node.MonotonicClock);
            Truth.CountsForWait(node.Name, Database!, sequence, feed.CountAt(sequence));
        }
    }

    public void Left(LogServer follower)
    {
        if (followers.Remove(follower))
        {
            feed.Leave(follower.Fed);
        }
    }

    /// <summary>Closes the database: for an installation, or for good.</summary>
    public void Close()
    {
        EndStreams("the replica is closed");
        Snapshots?.Close();
        Snapshots = null;
        Database = null;
        History = EpochHistory.Empty;
    }

    /// <summary>Opens what is live on the disk; an empty database if nothing is.</summary>
    public void Open()
    {
        Database = node.OpenLive();
        History = EpochHistory.Empty;
        foreach (var record in Database.Records.Where(record => record.BeginsEpoch))
        {
            History = History.Append(new Reign(record.Epoch, record.Sequence, "", default));
        }

        Snapshots = new Snapshots(world, process, node);
        Snapshots.Restore(History, Database.LatestSequence);
    }

    public void Hold() => isHeld = true;

    public void Release()
    {
        isHeld = false;
        pauses++;
        for (var waiting = held.Count; waiting > 0; waiting--)
        {
            held.Dequeue()();
        }
    }

    private void Hear(long epoch)
    {
        if (fence.Hear(epoch))
        {
            Truth.Learned(node.Name, epoch);
            world.Say(node.Name, $"is fenced: epoch {epoch} has begun");
        }
    }

    private void BeginReign(long epoch, Action begun)
    {
        var open = Database!;
        if (History.LastEpoch != epoch)
        {
            Append(open, new Record(epoch, open.LatestSequence + 1, 1, 0, BeginsEpoch: true));
            Truth.Wrote(node.Name, open);
            Truth.Reigns(node.Name, epoch, open);
        }

        SyncLog(() =>
        {
            fence.Begin(epoch);
            begun();
        });
    }

    private void Append(Database open, Record record)
    {
        if (record.BeginsEpoch)
        {
            History = History.Append(new Reign(record.Epoch, record.Sequence, "", world.Now));
        }

        open.Append(record);
        if (open.Records.Count % node.Scenario.FlushEvery == 0)
        {
            open.Flush();
            open.PurgeLog(open.LatestSequence - node.Scenario.LogRetention);
            if (open.Tables.Count > 4)
            {
                open.Compact(2 + world.Next(2));
            }
        }

        process.After(TimeSpan.Zero, () => followers.ToList().ForEach(follower => follower.Pump()));
    }

    private void EndStreams(string why)
    {
        foreach (var follower in followers.ToList())
        {
            follower.Stop(SyncFailure.Refused, why);
        }
    }

    private void KeepUp() => process.After(Upkeep, () =>
    {
        Snapshots?.Sweep();
        Truth.Copies.Kept(node.Name, Snapshots?.Count ?? 0, Snapshots?.Leases ?? 0, node.Replicas);
        SyncLog(() => { });
        KeepUp();
    });
}
