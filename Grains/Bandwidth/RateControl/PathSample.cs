namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// What a sender knows of its path at one moment. From TCP_INFO, or, where the platform has none, from acknowledgement frames alone. Byte counts are totals since the connection began, in wire
/// bytes (packet headers included), as rates and capacities are.
/// </summary>
public readonly record struct PathSample
{
    /// <summary>When it was taken, counted from any fixed origin.</summary>
    public TimeSpan At { get; init; }

    /// <summary>The smoothed round trip; zero: none was measured yet.</summary>
    public TimeSpan Rtt { get; init; }

    /// <summary>The mean deviation of round trips from the smoothed one (RFC 6298); zero: not known.</summary>
    public TimeSpan RttVariation { get; init; }

    /// <summary>The smallest round trip that the transport has seen of late (Linux: within five minutes); zero: not known.</summary>
    public TimeSpan MinRtt { get; init; }

    /// <summary>Bytes that the receiving host has acknowledged.</summary>
    public double AckedBytes { get; init; }

    /// <summary>Bytes given to the network: written to the socket, less what waits in it unsent.</summary>
    public double SentBytes { get; init; }

    /// <summary>Bytes sent again.</summary>
    public double RetransmittedBytes { get; init; }

    /// <summary>
    /// How long in all the sender has waited for room in its socket, where next to nothing may wait unsent (TCP_NOTSENT_LOWAT): it had data and leave to send, but the kernel's congestion window, or
    /// a full queue of this host, held it back.
    /// </summary>
    public TimeSpan HeldBack { get; init; }

    /// <summary>The receiver, not the network, held the connection back since the last sample (its window was closed).</summary>
    public bool IsReceiverLimited { get; init; }
}
