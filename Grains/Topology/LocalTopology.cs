namespace Sluice.Topology;

/// <summary>
/// The topology as this node knows it. It never goes back to an older version, nor over to another cluster. Until the TopologyGrain has been heard, it is what the node remembered from its last life
/// and counts as unconfirmed: a primary of an unconfirmed topology may have been deposed meanwhile, and accepts no commands.
/// </summary>
internal sealed class LocalTopology(IGrainFactory grains) : ITopologyView
{
    private readonly Lock gate = new();
    private volatile ClusterTopology current = new();
    private Task? question;

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public ClusterTopology Current => current;

    /// <summary>The TopologyGrain itself was heard since this node started.</summary>
    public bool Confirmed { get; private set; }

    /// <inheritdoc/>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        Task asked;
        lock (gate)
        {
            asked = question is { IsCompleted: false } running ? running : question = AskAsync();
        }

        await asked.WaitAsync(cancellationToken);
    }

    /// <summary>Takes a topology over if it is newer, or confirms the known one.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Update(ClusterTopology topology, bool confirmed)
    {
        lock (gate)
        {
            if (current.ClusterId != Guid.Empty && topology.ClusterId != current.ClusterId)
            {
                // An empty one is a coordinator's that has not founded anything; any other is a stranger's, whose coordinator refuses this node when it joins.
                return false;
            }

            var newer = topology.IsNewerThan(current);
            var confirms = confirmed && !Confirmed && !current.IsNewerThan(topology);
            if (!newer && !confirms)
            {
                return false;
            }

            current = topology;
            Confirmed |= confirmed;
        }

        Changed?.Invoke();
        return true;
    }

    private async Task AskAsync() => Update(await grains.GetGrain<ITopologyGrain>(0).Get(), confirmed: true);
}
