namespace Sluice.Tests.Simulation.Cluster;

/// <summary>One life of a node: from its start to its crash. What it had begun ends with it.</summary>
internal sealed class Process(World world, string node)
{
    public string Node => node;

    public bool IsAlive { get; private set; } = true;

    public void End() => IsAlive = false;

    /// <summary>Happens if the process still lives by then.</summary>
    public void After(TimeSpan delay, Action happens) => world.After(delay, () =>
    {
        if (IsAlive)
        {
            happens();
        }
    });
}
