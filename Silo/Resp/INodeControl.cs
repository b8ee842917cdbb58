namespace Sluice.Silo.Resp;

/// <summary>What the gateway asks of its own node. Safe for concurrent use.</summary>
public interface INodeControl
{
    /// <summary>The node's name.</summary>
    string Name { get; }

    /// <summary>What the node is and does.</summary>
    Task<NodeReport> GetReportAsync();

    /// <summary>What the broker knows of links and flows; null when it can't be reached.</summary>
    Task<BandwidthStatus?> GetBandwidthAsync();

    /// <summary>Who takes orders about bandwidth; its calls fail when it can't be reached.</summary>
    IBandwidthBrokerGrain Broker { get; }

    /// <summary>REPLICAOF host port.</summary>
    /// <exception cref="OrderRefusedException">With the reason, for the operator.</exception>
    Task ReplicaOfAsync(ReplicaOfOrder order);

    /// <summary>REPLICAOF NO ONE.</summary>
    /// <exception cref="OrderRefusedException">With the reason, for the operator.</exception>
    Task PromoteAsync();

    /// <summary>FAILOVER; answered when it has begun.</summary>
    /// <exception cref="OrderRefusedException">In Redis' words.</exception>
    Task FailoverAsync(FailoverOrder order);

    /// <summary>FAILOVER ABORT.</summary>
    /// <exception cref="OrderRefusedException">In Redis' words.</exception>
    Task AbortFailoverAsync();

    /// <summary>Makes this node the coordinator in the place of one that is gone.</summary>
    /// <exception cref="OrderRefusedException">With the reason, for the operator.</exception>
    Task TakeCoordinationAsync();

    /// <summary>Begins to stop the process, in order: what is acknowledged is durable already.</summary>
    void Shutdown();
}
