namespace Sluice.Bandwidth;

/// <summary>
/// One flow, at its sender. Its pacing rate follows from what the broker and operators allow it and from what its rate controller finds:
/// min(limit, max(floor, min(share, controller))). Safe for concurrent use.
/// </summary>
public sealed class Flow : IDisposable
{
    private readonly Action closed;
    private readonly Lock gate = new();
    private long sentBytes;
    private long controller;
    private long pacing;
    private FlowAllowance allowance;
    private int disposed;

    internal Flow(FlowId id, string qosClass, long initialBytesPerSecond, Action closed)
    {
        Id = id;
        Class = qosClass;
        allowance = new FlowAllowance(ShareBytesPerSecond: 0, LimitBytesPerSecond: initialBytesPerSecond, FloorBytesPerSecond: 0, IsPaused: false);
        pacing = initialBytesPerSecond;
        this.closed = closed;
    }

    /// <summary>Raised with the new pacing rate, in bytes per second, 0: none.</summary>
    public event Action<long>? PacingChanged;

    /// <summary>Raised when the flow was paused or goes on.</summary>
    public event Action? PauseChanged;

    /// <summary>The flow's name.</summary>
    public FlowId Id { get; }

    /// <summary>The name of its QoS class.</summary>
    public string Class { get; }

    /// <summary>Bytes given to the socket so far, frame headers included.</summary>
    public long SentBytes => Interlocked.Read(ref sentBytes);

    /// <summary>The pacing rate in force, in bytes per second; 0: none. A paused flow ends its last frame at it.</summary>
    public long PacingBytesPerSecond => Interlocked.Read(ref pacing);

    /// <summary>What the flow may send at present, its controller aside.</summary>
    public FlowAllowance Allowance
    {
        get
        {
            lock (gate)
            {
                return allowance;
            }
        }
    }

    /// <summary>Nothing but heartbeats may be sent.</summary>
    public bool IsPaused => Allowance.IsPaused;

    /// <summary>Counts bytes given to the socket.</summary>
    public void CountSent(long bytes) => Interlocked.Add(ref sentBytes, bytes);

    /// <summary>Sets what the flow may send.</summary>
    public void Allow(FlowAllowance next)
    {
        bool pauseChanged;
        lock (gate)
        {
            pauseChanged = allowance.IsPaused != next.IsPaused;
            allowance = next;
        }

        Apply();
        if (pauseChanged)
        {
            PauseChanged?.Invoke();
        }
    }

    /// <summary>Sets the rate controller's rate, in bytes per second; 0: it has none.</summary>
    public void Control(long bytesPerSecond)
    {
        lock (gate)
        {
            controller = bytesPerSecond;
        }

        Apply();
    }

    /// <summary>The flow has ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            closed();
        }
    }

    private void Apply()
    {
        long next;
        lock (gate)
        {
            next = allowance.Pacing(controller);
            if (pacing == next)
            {
                return;
            }

            Interlocked.Exchange(ref pacing, next);
        }

        PacingChanged?.Invoke(next);
    }
}
