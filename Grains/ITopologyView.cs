namespace Sluice;

/// <summary>This node's picture of the cluster: read by the gateway for each round of commands, so <see cref="Current"/> costs one field read. Safe for concurrent use.</summary>
public interface ITopologyView
{
    /// <summary>The newest topology that this node has seen; without shards before the node has joined.</summary>
    ClusterTopology Current { get; }

    /// <summary>Asks the topology grain for a newer picture. Several callers at once share one question.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the shared question goes on.</exception>
    ValueTask RefreshAsync(CancellationToken cancellationToken);

    /// <summary>Raised after <see cref="Current"/> was replaced. Handlers return at once.</summary>
    event Action? Changed;
}
