namespace Sluice.Bandwidth;

/// <summary>The newest grants of the flows that this node sends or receives, as the broker told them. Safe for concurrent use.</summary>
public sealed class GrantTable
{
    private volatile IReadOnlyDictionary<FlowId, FlowGrant> grants = new Dictionary<FlowId, FlowGrant>();

    /// <summary>Replaces what was known.</summary>
    public void Replace(NodeGrants answer) => grants = answer.Grants.DistinctBy(grant => grant.Flow).ToDictionary(grant => grant.Flow);

    /// <summary>A flow's grant, or null.</summary>
    public FlowGrant? Find(FlowId flow) => grants.GetValueOrDefault(flow);

    /// <summary>What a flow may send by its grant, in bytes per second; 0: no limit, or not known.</summary>
    public long BytesPerSecond(FlowId flow) => Find(flow)?.Ceiling() ?? 0;
}
