using System.Collections.Concurrent;

namespace Sluice.Bandwidth;

/// <summary>The flows that this node sends at present: the data plane opens and counts them, the bandwidth agent reports and paces them.</summary>
public sealed class FlowTable
{
    private readonly ConcurrentDictionary<Guid, Flow> flows = new();

    /// <summary>Raised when a flow was opened or has ended, so that the agent reports at once.</summary>
    public event Action? Changed;

    /// <summary>The open flows.</summary>
    public IReadOnlyCollection<Flow> Flows => (IReadOnlyCollection<Flow>)flows.Values;

    /// <summary>Enters a flow at its floor rate; dispose of it when the connection ends.</summary>
    /// <param name="id">Its name; a connection that replaces a stalled one may have the same.</param>
    /// <param name="qosClass">The name of its QoS class.</param>
    /// <param name="initialBytesPerSecond">The pacing rate until the first grant; 0: none.</param>
    public Flow Open(FlowId id, string qosClass, long initialBytesPerSecond)
    {
        var key = Guid.NewGuid();
        var flow = new Flow(id, qosClass, initialBytesPerSecond, () =>
        {
            flows.TryRemove(key, out _);
            Changed?.Invoke();
        });
        flows[key] = flow;
        Changed?.Invoke();
        return flow;
    }
}
