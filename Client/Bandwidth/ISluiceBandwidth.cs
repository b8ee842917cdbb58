namespace Sluice.Client;

/// <summary>The bandwidth of the cluster's links.</summary>
public interface ISluiceBandwidth
{
    /// <summary>What the broker knows: flows, grants, limits, admitted and queued syncs.</summary>
    Task<BandwidthStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>A node's limits.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<BandwidthLimits> GetLimitsAsync(string node, CancellationToken cancellationToken = default);

    /// <summary>Changes a node's limits; they take effect on running copies within one second. What is null stays.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">A value is outside its range.</exception>
    Task SetLimitsAsync(string node, BandwidthLimits limits, CancellationToken cancellationToken = default);
}

/// <summary>A node's limits on copies.</summary>
public sealed record BandwidthLimits
{
    /// <summary>Copies that the node receives, bytes per second; 0: no limit (<c>throttle-bytes-per-second</c>).</summary>
    public long? IngressBytesPerSecond { get; init; }

    /// <summary>Copies that the node sends, bytes per second; 0: no limit (<c>sync-egress-bytes-per-second</c>).</summary>
    public long? EgressBytesPerSecond { get; init; }

    /// <summary>At most so many full copies to the node at once (<c>max-rsync-parallel-num</c>).</summary>
    public int? MaxConcurrentSyncs { get; init; }
}
