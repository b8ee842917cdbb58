namespace Sluice.Bandwidth;

/// <summary>The newest grants of the flows that this node sends or receives, as the broker told them, until they expire. Safe for concurrent use.</summary>
public sealed class GrantTable
{
    private readonly record struct Known(IReadOnlyDictionary<FlowId, FlowGrant> Grants, DateTimeOffset Expiry);

    private readonly Lock gate = new();
    private Known known = new(new Dictionary<FlowId, FlowGrant>(), DateTimeOffset.MinValue);

    /// <summary>Takes the broker's answer over: replaces what was known, or, when the broker has only begun, lets it last longer. What has expired stays so.</summary>
    public void Update(NodeGrants answer, DateTimeOffset now)
    {
        lock (gate)
        {
            known = !answer.IsPartial ? new Known(answer.Grants.DistinctBy(grant => grant.Flow).ToDictionary(grant => grant.Flow), now + answer.ValidFor)
                : known.Expiry > now ? known with { Expiry = now + answer.ValidFor }
                : known;
        }
    }

    /// <summary>A flow's grant, or null when it has none or that has expired.</summary>
    public FlowGrant? Find(FlowId flow, DateTimeOffset now)
    {
        lock (gate)
        {
            return known.Expiry > now ? known.Grants.GetValueOrDefault(flow) : null;
        }
    }
}
