namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// What one scenario is made of. Everything follows from the seed. Each kind of fault is there or not, by chance: where everything happens at once, each fault hides what the others would show.
/// </summary>
internal sealed record Scenario
{
    public required int Seed { get; init; }

    public int Nodes { get; init; }

    public int FirstRecords { get; init; }

    /// <summary>How long faults happen before everything is healed.</summary>
    public TimeSpan Faults { get; init; }

    /// <summary>The mean time between a client's writes.</summary>
    public TimeSpan WriteEvery { get; init; }

    public bool FsyncAlways { get; init; }

    /// <summary>How many records the primary's log keeps at least; the others may be purged.</summary>
    public int LogRetention { get; init; }

    public int FlushEvery { get; init; }

    public long BytesPerSecond { get; init; }

    public TimeSpan SyncTime { get; init; }

    public double Loss { get; init; }

    public double Lateness { get; init; }

    /// <summary>The mean times between faults of each kind; null: there are none.</summary>
    public TimeSpan? Crashes { get; init; }

    public bool PowerFails { get; init; }

    public TimeSpan? Breaks { get; init; }

    public TimeSpan? Partitions { get; init; }

    public TimeSpan? DiskTroubles { get; init; }

    public TimeSpan? BitFlips { get; init; }

    public TimeSpan? Orders { get; init; }

    public TimeSpan? ClockJumps { get; init; }

    public static Scenario Of(int seed)
    {
        var world = new World(seed, traced: false);
        TimeSpan? Sometimes(double probability, double least, double most) =>
            world.Chance(probability) ? world.Between(TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most)) : null;
        return new Scenario
        {
            Seed = seed,
            Nodes = 2 + world.Next(3),
            FirstRecords = world.Next(80),
            Faults = world.Between(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(90)),
            WriteEvery = world.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)),
            FsyncAlways = world.Chance(0.5),
            LogRetention = world.Chance(0.5) ? 1 + world.Next(30) : 10_000,
            FlushEvery = 5 + world.Next(40),
            BytesPerSecond = world.Chance(0.5) ? 200 + world.Next(800) : 20_000,
            SyncTime = world.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
            Loss = world.Chance(0.5) ? 0 : world.Chance(0.5) ? 0.02 : 0.2,
            Lateness = world.Chance(0.5) ? 0 : 0.1,
            Crashes = Sometimes(0.6, 2, 30),
            PowerFails = world.Chance(0.5),
            Breaks = Sometimes(0.5, 0.5, 10),
            Partitions = Sometimes(0.3, 3, 30),
            DiskTroubles = Sometimes(0.3, 3, 30),
            BitFlips = Sometimes(0.15, 3, 30),
            Orders = Sometimes(0.6, 2, 30),
            ClockJumps = Sometimes(0.1, 5, 30),
        };
    }
}
