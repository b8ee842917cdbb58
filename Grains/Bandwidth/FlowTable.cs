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

/// <summary>One flow, at its sender. Safe for concurrent use.</summary>
public sealed class Flow : IDisposable
{
    private readonly Action closed;
    private long sentBytes;
    private long pacing;
    private int disposed;

    internal Flow(FlowId id, string qosClass, long initialBytesPerSecond, Action closed)
    {
        Id = id;
        Class = qosClass;
        pacing = initialBytesPerSecond;
        this.closed = closed;
    }

    /// <summary>Raised with the new pacing rate, in bytes per second, 0: none.</summary>
    public event Action<long>? PacingChanged;

    /// <summary>The flow's name.</summary>
    public FlowId Id { get; }

    /// <summary>The name of its QoS class.</summary>
    public string Class { get; }

    /// <summary>Bytes given to the socket so far, frame headers included.</summary>
    public long SentBytes => Interlocked.Read(ref sentBytes);

    /// <summary>The pacing rate in force, in bytes per second; 0: none.</summary>
    public long PacingBytesPerSecond => Interlocked.Read(ref pacing);

    /// <summary>Counts bytes given to the socket.</summary>
    public void CountSent(long bytes) => Interlocked.Add(ref sentBytes, bytes);

    /// <summary>Sets the pacing rate, in bytes per second; 0: none.</summary>
    public void Pace(long bytesPerSecond)
    {
        if (Interlocked.Exchange(ref pacing, bytesPerSecond) != bytesPerSecond)
        {
            PacingChanged?.Invoke(bytesPerSecond);
        }
    }

    /// <summary>The flow has ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            closed();
        }
    }
}
