using System.Net;

namespace Sluice.Replication;

/// <summary>How this node takes part in replication. What an operator may change while the node runs is asked for each time.</summary>
public sealed class ReplicationOptions
{
    /// <summary>This node's name.</summary>
    public string Node { get; set; } = "";

    /// <summary>Where the listener accepts connections; port 0: any that is free.</summary>
    public IPEndPoint ListenOn { get; set; } = new(IPAddress.Loopback, 9321);

    /// <summary>The secret that this node's listener demands; empty: none. Asked at each connection.</summary>
    public Func<string> Secret { get; set; } = static () => "";

    /// <summary>The secret that this node gives to the nodes that it copies from; empty: none. Asked at each connection.</summary>
    public Func<string> PeerSecret { get; set; } = static () => "";

    /// <summary>rsync-timeout-ms: a connection without a byte is never called stalled sooner. Asked all the time.</summary>
    public Func<TimeSpan> RsyncTimeout { get; set; } = static () => TimeSpan.FromSeconds(1);

    /// <summary>target-queue-delay-ms: what a copy may add to the round trips of everybody on its path; 1 ms to 1 s. Asked all the time.</summary>
    public Func<bool, TimeSpan> TargetQueueDelay { get; set; } = static _ => TimeSpan.FromMilliseconds(10);

    /// <summary>A new flow's pacing rate until its first grant, in bytes per second; 0: none.</summary>
    public Func<FlowKind, long> InitialBytesPerSecond { get; set; } = static _ => 0;

    /// <summary>Where connections are entered as long as they are open, so that the link monitor knows what is ours; null: nowhere.</summary>
    public Bandwidth.WireUse? WireUse { get; set; }

    /// <summary>Bytes that may be sent but not yet acknowledged as taken in. They lie in the kernels' buffers, which have bounds of their own; no memory of this process depends on it.</summary>
    public int WindowBytes { get; set; } = 16 << 20;

    /// <summary>At most so many connections are served at once.</summary>
    public int MaxConnections { get; set; } = 4096;

    /// <summary>At most so many connections may be open that have not yet proved to know the secret.</summary>
    public int MaxUnauthenticated { get; set; } = 64;

    /// <summary>Connecting, and proving the secret, take at most so long each. No data is under way then, so a fixed time does no harm.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Finds other nodes' replication ports.</summary>
public interface IReplicationPeers
{
    /// <summary>The address of a node's replication listener.</summary>
    /// <exception cref="ReplicationConnectionException">The node is not known, or is down.</exception>
    ValueTask<IPEndPoint> FindAsync(string node, CancellationToken cancellationToken);
}
