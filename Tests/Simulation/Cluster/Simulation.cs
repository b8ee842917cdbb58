using Sluice.Sync;
using Sluice.Topology;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// A cluster in virtual time. The decisions are the real ones: SyncMachine, SnapshotLeases, EpochHistory, LogJudgement, Fence, TopologyRules, the encodings of staging journal and spool, the selection of held files, the plan of an
/// installation. Around them are shells that do what the real ones do on a simulated disk, network and database; each says where it differs. First everything may fail (safety), then all is healed and the cluster
/// has to come to rest by itself (liveness). <see cref="Truth"/> watches.
/// </summary>
internal sealed class Simulation
{
    public const string Coordinator = "A";

    // Backoff ends at tens of seconds, a call's answer is awaited for half a minute, and a slow disk and link carry a copy in some minutes.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly World world;
    private readonly Scenario scenario;
    private readonly Network network;
    private readonly Truth truth;
    private readonly Dictionary<string, Node> nodes = new(StringComparer.Ordinal);
    private bool isHealed;
    private bool isAtRest;
    private long payload;

    private Simulation(Scenario scenario, Defect defect, bool traced)
    {
        this.scenario = scenario;
        world = new World(scenario.Seed, traced, defect);
        network = new Network(world) { Loss = scenario.Loss, Lateness = scenario.Lateness, BytesPerSecond = scenario.BytesPerSecond };
        truth = new Truth(world);
        foreach (var name in Enumerable.Range(0, scenario.Nodes).Select(n => ((char)('A' + n)).ToString()))
        {
            nodes.Add(name, new Node(world, network, truth, scenario, name, nodes));
        }
    }

    private IEnumerable<Node> Up => nodes.Values.Where(node => node.IsUp);

    /// <summary>Runs one scenario.</summary>
    public static SimulationResult Run(Scenario scenario, Defect defect = Defect.None, bool traced = false)
    {
        var simulation = new Simulation(scenario, defect, traced);
        try
        {
            simulation.Run();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // An assertion of the code itself, or something that nobody had thought of.
            simulation.truth.Violated("no-error", $"{error.GetType().Name}: {error.Message}{(traced ? Environment.NewLine + error.StackTrace : "")}");
        }

        return new SimulationResult(scenario, simulation.truth.Violation, simulation.world.Events, simulation.world.Now - World.Start, simulation.truth.Acknowledgements, simulation.truth.Lost, simulation.world.Trace);
    }

    private void Run()
    {
        Found();
        foreach (var node in nodes.Values)
        {
            node.Start();
        }

        var faults = new Faults(world, network, scenario, [.. nodes.Values]);
        var operators = new Operators(world, scenario, [.. nodes.Values]);
        faults.Begin(() => !isHealed);
        operators.Begin(() => !isHealed);
        Every(scenario.WriteEvery, () => Write(1 + world.Next(3)));
        world.After(TimeSpan.FromSeconds(1), () =>
        {
            for (var n = 0; n < scenario.FirstRecords; n++)
            {
                Write(1);
            }
        });

        bool Broken() => truth.Violation is not null;
        world.RunUntil(World.Start + scenario.Faults, Broken);
        if (!Broken())
        {
            world.Say("", $"--- everything is healed");
            isHealed = truth.IsHealed = true;
            faults.Heal();
            Every(Look, () => isAtRest = IsAtRest(), always: true);
            world.RunUntil(world.Now + Patience, () => Broken() || isAtRest);
            End();
        }
    }

    // The first node founds the cluster; the others join and become replicas when an operator says so.
    private void Found()
    {
        var topology = new ClusterTopology();
        foreach (var name in nodes.Keys)
        {
            topology = TopologyRules.Join(topology, new NodeAddress(name, "127.0.0.1", 1, 2), 1, topology.ClusterId, world.NewGuid);
        }

        foreach (var name in nodes.Keys.Skip(1).Where(_ => world.Chance(0.8)))
        {
            topology = TopologyRules.AddReplicas(topology, name, [0]);
        }

        nodes[Coordinator].Topology.Set(topology);
    }

    private void Write(int count)
    {
        var gateways = Up.ToList();
        if (gateways.Count == 0)
        {
            return;
        }

        var gateway = world.Pick(gateways);
        if (gateway.Control.Current.Shards.IsEmpty)
        {
            return;
        }

        var value = ++payload;
        network.Call<bool>(
            gateway.Process!,
            gateway.Control.Current.Shards[0].Primary,
            (server, answer, refuse) => nodes[server.Node].Shard.Write(value, count, () => answer(true), () => refuse("not the primary")),
            _ => { },
            _ => { });
    }

    private bool IsAtRest()
    {
        var assignment = nodes[Coordinator].Topology.Value.Shards[0];
        var primary = nodes[assignment.Primary];
        return primary.Shard.MayWrite
            && assignment.Replicas.All(name => nodes[name].IsLive && nodes[name].Shard.Database is { } open && open.LatestSequence == primary.Shard.Database!.LatestSequence);
    }

    private void End()
    {
        var assignment = nodes[Coordinator].Topology.Value.Shards[0];
        if (!isAtRest)
        {
            var states = string.Join("; ", nodes.Values.Select(node => $"{node.Name} is {node.Shard.Role} at {node.Shard.Position}, {node.Sync.State}: {node.Sync.Detail}"));
            truth.Violated("progress", $"after {Patience.TotalMinutes} minutes without a fault the cluster is not at rest: {states}");
            return;
        }

        truth.Equal(nodes[assignment.Primary].Shard.Database!, assignment.Replicas.Select(name => (name, nodes[name].Shard.Database!)));
    }

    private void Every(TimeSpan mean, Action happens, bool always = false) => world.After(world.Around(mean), () =>
    {
        if (always || !isHealed)
        {
            happens();
            Every(mean, happens, always);
        }
    });
}

/// <summary>What came of one scenario.</summary>
internal sealed record SimulationResult(Scenario Scenario, Violation? Violation, long Events, TimeSpan Duration, int Acknowledged, int Lost, string Trace);
