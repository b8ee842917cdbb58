using Sluice.Topology;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Keeps one node's replica as the topology wants it, and carries operators' orders out: NodeGrain and LocalTopology. One thing at a time, as in a grain's turns.</summary>
internal sealed class NodeControl
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WritePause = TimeSpan.FromSeconds(5);

    private readonly World world;
    private readonly Network network;
    private readonly Node node;
    private readonly Process process;
    private readonly Queue<Action<Action>> turns = new();
    private ClusterTopology current;
    private ShardAssignment? applied;
    private bool isConfirmed;
    private bool appliedConfirmed;
    private bool isInTurn;

    public NodeControl(World world, Network network, Node node, Process process)
    {
        this.world = world;
        this.network = network;
        this.node = node;
        this.process = process;
        current = node.Remembered.Value;
        TakeTurn(over => Apply(over));
        Ask();
    }

    public ClusterTopology Current => current;

    public void TopologyChanged(ClusterTopology topology) => TakeTurn(over => TakeOver(topology, over));

    // The reign was begun in an earlier life, and what it wrote last may be gone: another epoch begins.
    private void NewReign(ShardAssignment assignment, Action over) => network.Call<ClusterTopology>(
        process,
        Simulation.Coordinator,
        (server, answer, refuse) => node.Of(server).Coordinator.Change(
            topology => Raise(topology, assignment.Epoch, ReignKind.Opened),
            $"{node.Name} begins a new reign",
            answer,
            refuse),
        next => TakeOver(next, over),
        _ => over());

    /// <summary>A planned change has not come in time: another epoch of the same primary makes it impossible.</summary>
    public void RollBack(long epoch)
    {
        if (node.Shard.Role != ReplicaRole.Primary || node.Shard.Epoch != epoch)
        {
            return;
        }

        world.Say(node.Name, $"takes the planned change of epoch {epoch} back");
        network.Call<ClusterTopology>(
            process,
            Simulation.Coordinator,
            (server, answer, refuse) => node.Of(server).Coordinator.Change(topology => Raise(topology, epoch, ReignKind.Planned), $"{node.Name} goes on in a new epoch", answer, refuse),
            TopologyChanged,
            _ => process.After(TimeSpan.FromSeconds(1), () => RollBack(epoch)));
    }

    private ClusterTopology Raise(ClusterTopology topology, long epoch, ReignKind kind)
    {
        var assignment = topology.Shards[0];
        if (assignment.Epoch != epoch || assignment.Primary != node.Name)
        {
            throw new OrderRefusedException($"the epoch is {assignment.Epoch}, not {epoch}");
        }

        node.Truth.Promoted(epoch + 1, kind, "");
        return topology with { Version = topology.Version + 1, Shards = [assignment with { Epoch = epoch + 1 }] };
    }

    private void Ask()
    {
        network.Call<ClusterTopology>(
            process,
            Simulation.Coordinator,
            (server, answer, _) => answer(node.Of(server).Coordinator.Current),
            TopologyChanged,
            _ => { });
        process.After(AskEvery, Ask);
    }

    /// <summary>REPLICAOF the primary.</summary>
    public void ReplicaOf(bool force) => TakeTurn(over => Change(
        topology => TopologyRules.AddReplicas(topology, node.Name, [0]),
        $"{node.Name} becomes a replica",
        next => TakeOver(next, () =>
        {
            if (force && current.Shards[0].RoleOf(node.Name) == ReplicaRole.Replica)
            {
                node.Sync.Follow(new SyncOrder(current.Shards[0].Primary, current.Shards[0].Epoch, QosClass.Normal, Force: true), over);
            }
            else
            {
                over();
            }
        }),
        over));

    /// <summary>Hold no replica any more.</summary>
    public void Drop() => TakeTurn(over => Change(topology => TopologyRules.RemoveReplicas(topology, node.Name, [0]), $"{node.Name} gives its replica up", next => TakeOver(next, over), over));

    /// <summary>REPLICAOF NO ONE.</summary>
    public void Promote(bool force) => TakeTurn(over =>
    {
        var shard = current.Shards.IsEmpty ? null : current.Shards[0];
        var whyNot = node.Sync.Record.WhyNotPromotable();
        if (shard?.RoleOf(node.Name) != ReplicaRole.Replica || (world.Defect != Defect.PromoteHalfCopied && (whyNot.Length > 0 || (!force && !node.IsLive))))
        {
            world.Say(node.Name, $"refuses: {whyNot}");
            over();
        }
        else if (force)
        {
            Take(shard, ReignKind.Forced, over);
        }
        else
        {
            network.Call<long>(
                process,
                shard.Primary,
                (server, answer, refuse) => node.Of(server).Shard.PauseWrites(shard.Epoch, WritePause, answer, refuse),
                last => WaitFor(world.Defect == Defect.PromoteBehind ? 0 : last, world.Now + WritePause / 2, () => Take(shard, ReignKind.Planned, over), over),
                _ => over());
        }
    });

    private void WaitFor(long sequence, DateTimeOffset until, Action reached, Action missed)
    {
        if (node.Shard.Position.Sequence >= sequence)
        {
            reached();
        }
        else if (world.Now < until)
        {
            process.After(TimeSpan.FromMilliseconds(50), () => WaitFor(sequence, until, reached, missed));
        }
        else
        {
            missed();
        }
    }

    private void Take(ShardAssignment shard, ReignKind kind, Action over)
    {
        var whyNot = node.Sync.Record.WhyNotPromotable();
        if (whyNot.Length > 0 && world.Defect != Defect.PromoteHalfCopied)
        {
            over();
            return;
        }

        Change(
            topology =>
            {
                var next = TopologyRules.Promote(topology, 0, node.Name, world.Defect == Defect.PromoteInSameEpoch ? topology.Shards[0].Epoch : shard.Epoch);
                if (world.Defect == Defect.PromoteInSameEpoch)
                {
                    next = next with { Shards = [next.Shards[0] with { Epoch = topology.Shards[0].Epoch }] };
                }

                node.Truth.Promoted(next.Shards[0].Epoch, kind, whyNot);
                return next;
            },
            $"{node.Name} becomes primary ({kind})",
            next => TakeOver(next, over),
            over);
    }

    private void Change(Func<ClusterTopology, ClusterTopology> change, string what, Action<ClusterTopology> done, Action failed) => network.Call<ClusterTopology>(
        process,
        Simulation.Coordinator,
        (server, answer, refuse) => node.Of(server).Coordinator.Change(change, what, answer, refuse),
        done,
        why =>
        {
            world.Say(node.Name, $"was not able to: {why}");
            failed();
        });

    private void TakeTurn(Action<Action> turn)
    {
        turns.Enqueue(turn);
        if (!isInTurn)
        {
            isInTurn = true;
            Next();
        }
    }

    private void Next()
    {
        if (turns.TryDequeue(out var turn))
        {
            turn(Next);
        }
        else
        {
            isInTurn = false;
        }
    }

    private void TakeOver(ClusterTopology topology, Action over)
    {
        if (topology.Version < current.Version || topology.Shards.IsEmpty)
        {
            over();
            return;
        }

        current = topology;
        isConfirmed = true;
        if (node.Remembered.Value.Version == topology.Version)
        {
            Apply(over);
        }
        else
        {
            node.Remembered.Write(process, node.Disk.NextSync(), topology, () => Apply(over));
        }
    }

    private void Apply(Action over)
    {
        if (current.Shards.IsEmpty || (applied == current.Shards[0] && appliedConfirmed == isConfirmed))
        {
            over();
            return;
        }

        var assignment = current.Shards[0];
        void Done()
        {
            (applied, appliedConfirmed) = (assignment, isConfirmed);
            over();
        }

        switch (assignment.RoleOf(node.Name))
        {
            case ReplicaRole.Primary when isConfirmed && world.Defect != Defect.ReignOverPowerLoss && node.LastReign == assignment.Epoch && node.Shard.Epoch < assignment.Epoch:
                NewReign(assignment, over);
                break;
            case ReplicaRole.Primary when isConfirmed:
                node.Sync.Stop(() => node.Shard.Assign(assignment, Done));
                break;
            case ReplicaRole.Replica:
                node.Shard.Assign(assignment, () => node.Sync.Follow(new SyncOrder(assignment.Primary, assignment.Epoch, QosClass.Normal, Force: false), Done));
                break;
            case ReplicaRole.None when applied is not null && applied.RoleOf(node.Name) != ReplicaRole.None:
                node.Sync.Stop(() => node.Shard.Assign(assignment, Done));
                break;
            default:
                Done();
                break;
        }
    }
}
