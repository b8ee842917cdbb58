namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Operators, who do not speak with each other: each gives one order after the other, at any node, whatever the others do.</summary>
internal sealed class Operators(World world, Scenario scenario, IReadOnlyList<Node> nodes)
{
    public void Begin(Func<bool> goesOn)
    {
        if (scenario.Orders is { } mean)
        {
            world.After(world.Around(mean), () =>
            {
                if (goesOn())
                {
                    Order();
                    if (world.Chance(0.4))
                    {
                        // Another one, who knows nothing of the first.
                        world.After(world.Around(TimeSpan.FromSeconds(1)), Order);
                    }

                    Begin(goesOn);
                }
            });
        }
    }

    private void Order()
    {
        var node = world.Pick(nodes);
        if (!node.IsUp)
        {
            return;
        }

        switch (world.Next(10))
        {
            case < 2:
                Say(node, "REPLICAOF the primary");
                node.Control.ReplicaOf(force: false);
                break;
            case < 4:
                Say(node, "REPLICAOF the primary FORCE");
                node.Control.ReplicaOf(force: true);
                break;
            case 4:
                Say(node, "hold nothing any more");
                node.Control.Drop();
                break;
            case < 8:
                Say(node, "REPLICAOF NO ONE");
                node.Control.Promote(force: false);
                break;
            default:
                Say(node, "REPLICAOF NO ONE FORCE");
                node.Control.Promote(force: true);
                break;
        }
    }

    private void Say(Node node, string order) => world.Say(node.Name, $"is told: {order}");
}
