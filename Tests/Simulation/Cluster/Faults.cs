using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Lets nodes, links and disks fail as the scenario has it, and heals them all at its end.</summary>
internal sealed class Faults(World world, Network network, Scenario scenario, IReadOnlyList<Node> nodes)
{
    private static readonly TimeSpan Down = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Trouble = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan[] ClockErrors = [TimeSpan.FromDays(-2), TimeSpan.FromHours(-1), TimeSpan.Zero, TimeSpan.FromMinutes(5), TimeSpan.FromDays(30)];

    public void Begin(Func<bool> goesOn)
    {
        void Every(TimeSpan? mean, Action happens)
        {
            if (mean is { } known)
            {
                world.After(world.Around(known), () =>
                {
                    if (goesOn())
                    {
                        happens();
                        Every(known, happens);
                    }
                });
            }
        }

        Every(scenario.Crashes, Crash);
        Every(scenario.Breaks, Break);
        Every(scenario.Partitions, CutOff);
        Every(scenario.DiskTroubles, TroubleDisk);
        Every(scenario.BitFlips, FlipBit);
        Every(scenario.ClockJumps, () => world.Pick(nodes).SetClock(world.Pick(ClockErrors)));
    }

    public void Heal()
    {
        network.Loss = network.Lateness = 0;
        network.BytesPerSecond = Math.Max(network.BytesPerSecond, 5_000);
        network.Heal();
        foreach (var node in nodes)
        {
            node.Disk.IsFull = false;
            node.Disk.SyncTime = TimeSpan.FromMilliseconds(4);
            if (!node.IsUp)
            {
                node.Start();
            }
        }
    }

    private void Crash()
    {
        var node = world.Pick(nodes);
        if (node.IsUp)
        {
            node.Crash(scenario.PowerFails && world.Chance(0.6));
            world.After(world.Chance(0.3) ? TimeSpan.FromMilliseconds(10) : world.Around(Down), () =>
            {
                if (!node.IsUp)
                {
                    node.Start();
                }
            });
        }
    }

    private void Break()
    {
        if (network.Connections.Count > 0)
        {
            world.Pick(network.Connections).Break("the connection was reset", halfOpen: world.Chance(0.2));
        }
    }

    private void CutOff()
    {
        var apart = world.Pick(nodes);
        foreach (var other in nodes.Where(other => other != apart && world.Chance(0.8)))
        {
            world.Say("", $"{apart.Name} and {other.Name} are cut off from each other");
            network.Cut(apart.Name, other.Name);
        }

        world.After(world.Around(Apart), network.Heal);
    }

    private void TroubleDisk()
    {
        var node = world.Pick(nodes);
        var slow = world.Chance(0.5);
        world.Say(node.Name, $"its disk is {(slow ? "slow" : "full")}");
        if (slow)
        {
            node.Disk.SyncTime = TimeSpan.FromSeconds(2);
        }
        else
        {
            node.Disk.IsFull = true;
        }

        world.After(world.Around(Trouble), () =>
        {
            node.Disk.IsFull = false;
            node.Disk.SyncTime = scenario.SyncTime;
        });
    }

    private void FlipBit()
    {
        var node = world.Pick(nodes);
        if (node.IsUp && node.Sync.State is SyncState.Verifying or SyncState.Installing)
        {
            // What was verified and is not open yet: only RocksDB's own checks would see it.
            return;
        }

        var kept = node.Disk.Root.Entries.Where(entry => entry.Key is "staging" or "spool").Select(entry => (entry.Key, entry.Value.Names.Entries.Where(file => file.Value.Length > 0).ToList()));
        var (directory, files) = world.Pick(kept.Append(("live", [.. node.LiveFiles()])).ToList());
        if (files.Count > 0)
        {
            var file = world.Pick(files);
            world.Say(node.Name, $"a bit of {directory}/{file.Key} flips");
            file.Value.Flip(world.Next(file.Value.Length * 8));
            node.Truth.HadDamage = true;
        }
    }
}
