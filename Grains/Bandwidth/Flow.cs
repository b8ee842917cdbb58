using Sluice.Bandwidth.RateControl;

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
    private long remainingBytes = -1;
    private long pacing;
    private long peakDelivery;
    private long proved;
    private bool probeMetQueue;
    private FlowAllowance allowance;
    private RateDecision path;
    private int disposed;

    internal Flow(FlowId id, string qosClass, long initialBytesPerSecond, Action closed)
    {
        Id = id;
        Class = qosClass;
        allowance = new FlowAllowance(ShareBytesPerSecond: 0, LimitBytesPerSecond: initialBytesPerSecond, FloorBytesPerSecond: 0, IsPaused: false);
        path = new RateDecision { HeldBy = initialBytesPerSecond == 0 ? FlowHold.None : FlowHold.Floor };
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

    /// <summary>What holds the flow: what its controller found at its last sample, or what was allowed since.</summary>
    public FlowHold HeldBy
    {
        get
        {
            lock (gate)
            {
                var (_, hold) = allowance.Pacing(path.BytesPerSecond, path.ProbeBytesPerSecond);
                return allowance.IsPaused ? FlowHold.Paused
                    : path.HeldBy == FlowHold.Application || (hold is FlowHold.Delay or FlowHold.Floor && path.BytesPerSecond > 0) ? path.HeldBy
                    : hold;
            }
        }
    }

    /// <summary>The pacing rate is an operator's limit, whose average is to be kept.</summary>
    public bool IsAtLimit
    {
        get
        {
            lock (gate)
            {
                return allowance.Pacing(path.BytesPerSecond, path.ProbeBytesPerSecond).HeldBy == FlowHold.Limit;
            }
        }
    }

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

    /// <summary>What the rate controller has found, and what holds the flow; all zero before its first sample.</summary>
    public RateDecision Path
    {
        get
        {
            lock (gate)
            {
                return path;
            }
        }
    }

    /// <summary>Nothing but heartbeats may be sent.</summary>
    public bool IsPaused => Allowance.IsPaused;

    /// <summary>Payload that is still to be sent; -1: not known, or without an end (a log).</summary>
    public long RemainingBytes
    {
        get => Interlocked.Read(ref remainingBytes);
        set => Interlocked.Exchange(ref remainingBytes, value);
    }

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

    /// <summary>Takes over what the rate controller has decided.</summary>
    public void Control(in RateDecision decision)
    {
        lock (gate)
        {
            path = decision;
            peakDelivery = Math.Max(peakDelivery, decision.DeliveryBytesPerSecond);
            proved = Math.Max(proved, decision.ProvedBytesPerSecond);
            probeMetQueue |= decision.ProbeMetQueue;
        }

        Apply();
    }

    /// <summary>What probes above the share have found out since this was asked last: so much passes without a queue (wire bytes per second, 0: nothing was proved), and whether one met a queue.</summary>
    public (long ProvedBytesPerSecond, bool MetQueue) TakeProbe()
    {
        lock (gate)
        {
            var found = (proved, probeMetQueue);
            (proved, probeMetQueue) = (0, false);
            return found;
        }
    }

    /// <summary>The highest delivery rate since this was asked last, in wire bytes per second: whatever held the flow, the path gives at least so much.</summary>
    public long TakePeakDelivery()
    {
        lock (gate)
        {
            var peak = peakDelivery;
            peakDelivery = path.DeliveryBytesPerSecond;
            return peak;
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

    private void Apply()
    {
        long next;
        lock (gate)
        {
            next = allowance.Pacing(path.BytesPerSecond, path.ProbeBytesPerSecond).BytesPerSecond;
            if (pacing == next)
            {
                return;
            }

            Interlocked.Exchange(ref pacing, next);
        }

        PacingChanged?.Invoke(next);
    }
}
