namespace Sluice.Bandwidth;

/// <summary>What TCP costs on the wire besides its payload.</summary>
public static class WireHeaders
{
    /// <summary>Ethernet 14, IPv4 20, TCP 20 and its timestamps 12.</summary>
    public const int SegmentBytes = 66;

    /// <summary>Payload of a segment on Ethernet, where nothing better is known.</summary>
    public const int UsualPayload = 1448;

    /// <summary>Bytes on the wire for each byte of payload, where nothing better is known.</summary>
    public const double UsualFactor = 1 + (double)SegmentBytes / UsualPayload;

    /// <summary>What a connection took of the wire.</summary>
    /// <param name="payload">Its payload, repeated bytes included.</param>
    /// <param name="segments">Its segments, those without payload included.</param>
    public static WireCount Count(long payload, long segments) => new(payload + segments * SegmentBytes, segments);
}
