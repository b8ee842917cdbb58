using Sluice.Topology;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>The coordinator: TopologyGrain around the real <see cref="TopologyRules"/>. One change at a time; each is written before anybody hears of it.</summary>
internal sealed class TopologyControl(World world, Network network, Node node, Process process, IEnumerable<string> nodes)
{
    private readonly Queue<Action> waiting = new();
    private bool isChanging;

    public ClusterTopology Current => node.Topology.Value;

    public void Change(Func<ClusterTopology, ClusterTopology> change, string what, Action<ClusterTopology> answer, Action<string> refuse)
    {
        waiting.Enqueue(() => Carry(change, what, answer, refuse));
        Next();
    }

    private void Next()
    {
        if (!isChanging && waiting.TryDequeue(out var change))
        {
            isChanging = true;
            change();
        }
    }

    private void Over(Action happens)
    {
        isChanging = false;
        happens();
        Next();
    }

    private void Carry(Func<ClusterTopology, ClusterTopology> change, string what, Action<ClusterTopology> answer, Action<string> refuse)
    {
        ClusterTopology next;
        try
        {
            next = change(Current);
        }
        catch (OrderRefusedException error)
        {
            Over(() => refuse(error.Message));
            return;
        }

        if (next == Current)
        {
            Over(() => answer(next));
            return;
        }

        node.Topology.Write(process, node.Disk.NextSync(), next, () => Over(() =>
        {
            world.Say(node.Name, $"topology {next.Version}: {what}");
            answer(next);
            foreach (var other in nodes)
            {
                network.Call<bool>(
                    process,
                    other,
                    (server, _, _) => node.Of(server).Control.TopologyChanged(next),
                    _ => { },
                    _ => { });
            }
        }));
    }
}
