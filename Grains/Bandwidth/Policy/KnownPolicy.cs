namespace Sluice.Bandwidth;

/// <summary>The newest policy that this node has seen. With it the node keeps to limits and pauses by itself, whatever becomes of the broker. Safe for concurrent use.</summary>
public sealed class KnownPolicy
{
    private readonly Lock gate = new();
    private volatile BandwidthPolicy? current;

    /// <summary>The policy; null: none seen yet.</summary>
    public BandwidthPolicy? Current => current;

    /// <summary>Takes a policy over, if it is newer.</summary>
    public void Adopt(BandwidthPolicy policy)
    {
        lock (gate)
        {
            if (current is null || policy.Version > current.Version)
            {
                current = policy;
            }
        }
    }
}
