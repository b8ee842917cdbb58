namespace Sluice.Client;

/// <summary>The last topology that was seen. Asked for again only when somebody has found it to be out of date; concurrent askers share one call.</summary>
internal sealed class TopologyCache(IClusterGrains grains) : IDisposable
{
    private readonly SemaphoreSlim asking = new(1, 1);
    private volatile ClusterTopology? known;

    /// <summary>The known topology; asks for it the first time.</summary>
    public async ValueTask<ClusterTopology> GetAsync(CancellationToken cancellationToken) =>
        known ?? await RefreshAsync(null, cancellationToken).ConfigureAwait(false);

    /// <summary>Asks for the topology unless another caller has replaced <paramref name="outdated"/> in the meantime.</summary>
    public async Task<ClusterTopology> RefreshAsync(ClusterTopology? outdated, CancellationToken cancellationToken)
    {
        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (known is { } current && !ReferenceEquals(current, outdated))
            {
                return current;
            }

            known = await AskAsync().ConfigureAwait(false);
            return known;
        }
        finally
        {
            asking.Release();
        }
    }

    /// <summary>Asks for the topology in any case.</summary>
    public async Task<ClusterTopology> FetchAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var topology = await AskAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        known = topology;
        return topology;
    }

    public void Dispose() => asking.Dispose();

    private Task<ClusterTopology> AskAsync() => GrainCalls.AskAsync("The cluster", grains.Topology.Get);
}
