namespace Sluice.Client;

/// <summary>The bandwidth of the cluster's links.</summary>
public interface ISluiceBandwidth
{
    /// <summary>What the broker knows: flows, grants, limits, admitted and queued syncs.</summary>
    Task<BandwidthStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>What operators have ordered for the whole cluster: the class table, classes and limits of single syncs, pauses.</summary>
    Task<BandwidthPolicy> GetPolicyAsync(CancellationToken cancellationToken = default);

    /// <summary>Changes a row of the class table; takes effect on running copies within one second. What is null stays.</summary>
    /// <param name="name">The class: <c>log</c>, <c>urgent</c>, <c>normal</c> or <c>background</c>.</param>
    /// <param name="change">What to change.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The row as it is now.</returns>
    /// <exception cref="OrderRefusedException">There is no such class, or a term is outside its range.</exception>
    Task<QosClassTerms> SetClassAsync(string name, QosClassChange change, CancellationToken cancellationToken = default);

    /// <summary>A node's limits.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    Task<BandwidthLimits> GetLimitsAsync(string node, CancellationToken cancellationToken = default);

    /// <summary>Changes a node's limits; they take effect on running copies within one second. What is null stays.</summary>
    /// <exception cref="UnknownNodeException">No node has that name.</exception>
    /// <exception cref="OrderRefusedException">A value is outside its range.</exception>
    Task SetLimitsAsync(string node, BandwidthLimits limits, CancellationToken cancellationToken = default);
}

/// <summary>A change of a QoS class; what is null stays.</summary>
public sealed record QosClassChange
{
    /// <summary>What a flow of the class gets before anybody gets more, bytes per second; 0: nothing.</summary>
    public long? ReservationBytesPerSecond { get; init; }

    /// <summary>What a flow of the class gets at the most, bytes per second; 0: no limit.</summary>
    public long? LimitBytesPerSecond { get; init; }

    /// <summary>How it shares what is left, 1 to 1,000.</summary>
    public int? Weight { get; init; }
}

/// <summary>A node's limits on copies.</summary>
public sealed record BandwidthLimits
{
    /// <summary>Copies that the node receives, bytes per second; 0: no limit (<c>throttle-bytes-per-second</c>).</summary>
    public long? IngressBytesPerSecond { get; init; }

    /// <summary>Copies that the node sends, bytes per second; 0: no limit (<c>sync-egress-bytes-per-second</c>).</summary>
    public long? EgressBytesPerSecond { get; init; }

    /// <summary>At most so many full copies at once over each of the node's links, in either direction, 1 to 1,024 (<c>max-concurrent-syncs</c>).</summary>
    public int? MaxConcurrentSyncs { get; init; }

    /// <summary>
    /// The part of a link's known capacity that copies leave free, 0 to 90 per cent, or <see cref="NodeBandwidthReport.AutoHeadroom"/>: a tenth of one that is known for sure, nothing of an estimate
    /// (<c>sync-headroom-percent</c>).
    /// </summary>
    public int? HeadroomPercent { get; init; }

    /// <summary>The delay that copies may add to a link's queues, 1 ms to 1 s (<c>target-queue-delay-ms</c>).</summary>
    public TimeSpan? TargetQueueDelay { get; init; }

    /// <summary>What a copy may send at the least, bytes per second, from 1,024 (<c>sync-floor-bytes-per-second</c>).</summary>
    public long? FloorBytesPerSecond { get; init; }

    /// <summary>The least time without progress after which a copy's connection counts as stalled, 10 ms to 1 h (<c>rsync-timeout-ms</c>).</summary>
    public TimeSpan? StallTimeout { get; init; }
}
