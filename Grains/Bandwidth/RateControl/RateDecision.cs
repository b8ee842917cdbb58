namespace Sluice.Bandwidth.RateControl;

/// <summary>What the controller says after a sample. Rates are wire bytes per second.</summary>
public readonly record struct RateDecision
{
    /// <summary>The controller's own rate: what the path bears.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>The rate of a probe above the share that is under way, or below it of one that is paid back; 0: none is.</summary>
    public long ProbeBytesPerSecond { get; init; }

    /// <summary>What a probe has just proved: so much passes without a queue; 0: nothing new.</summary>
    public long ProvedBytesPerSecond { get; init; }

    /// <summary>A probe has just met a queue.</summary>
    public bool ProbeMetQueue { get; init; }

    /// <summary>The pacing rate that follows from it and the flow's terms.</summary>
    public long PacingBytesPerSecond { get; init; }

    /// <summary>What holds the flow.</summary>
    public FlowHold HeldBy { get; init; }

    /// <summary>What queues add to the base round trip, made by whomever.</summary>
    public TimeSpan QueueDelay { get; init; }

    /// <summary>The smoothed round trip; zero: not known yet.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The round trip of the empty path; zero: not known yet.</summary>
    public TimeSpan BaseRtt { get; init; }

    /// <summary>What was delivered of late.</summary>
    public long DeliveryBytesPerSecond { get; init; }

    /// <summary>Bytes that were sent more than once since the connection began.</summary>
    public long RetransmittedBytes { get; init; }

    /// <summary>The delivery rate is what the network gave: there was a queue, losses, or data held back by the kernel. Otherwise it only says that the network gives at least so much.</summary>
    public bool IsNetworkLimited { get; init; }

    /// <summary>The flow has yielded and the queue stayed: others make it.</summary>
    public bool IsQueueOfOthers { get; init; }

    /// <summary>When the next sample is due.</summary>
    public TimeSpan NextSample { get; init; }
}
