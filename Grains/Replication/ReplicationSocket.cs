using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sluice.Replication;

/// <summary>The socket options of the data plane that .NET has no names for. Linux only; elsewhere pacing is left to the <see cref="PacingBucket"/>.</summary>
internal static class ReplicationSocket
{
    private const int SolSocket = 1;
    private const int MaxPacingRate = 47;
    private const int IpProtoTcp = 6;
    private const int NotSentLowWater = 25;
    private const int TcpInfo = 11;
    private const int QuickAck = 12;

    // A read that brought more than this has made the kernel acknowledge anyway: it does so every second segment.
    private const int AcknowledgedAnyway = 256 << 10;

    // Offsets in struct tcp_info (linux/tcp.h). It only ever grows at its end.
    private const int ApplicationLimitedOffset = 7;
    private const int SegmentSizeOffset = 16;
    private const int RoundTripOffset = 68;
    private const int RoundTripVariationOffset = 72;
    private const int BytesAckedOffset = 120;
    private const int BytesReceivedOffset = 128;
    private const int SegmentsOutOffset = 136;
    private const int SegmentsInOffset = 140;
    private const int NotSentOffset = 144;
    private const int MinRoundTripOffset = 148;
    private const int DeliveryRateOffset = 160;
    private const int ReceiverLimitedOffset = 176;
    private const int BytesSentOffset = 200;
    private const int BytesRetransmittedOffset = 208;
    private const int TcpInfoBytes = 232;

    // The kernel may go a little faster than the flow's rate, which the bucket keeps: at exactly the rate it could never make up for what a busy machine or BBR's own slow
    // phases (three quarters of the rate, one round trip in eight) cost, and 20 MB/s came out as 18.6 to 19.3.
    private const double KernelMargin = 1.25;

    // A frame is up to 1 MiB: below that the sender would be woken several times a frame for nothing.
    private const int UnpacedLowWater = 1 << 20;
    private const int LeastLowWater = 16 << 10;
    private const int MostLowWater = 128 << 10;

    /// <summary>Tells the kernel the pacing rate, and how little may wait in its queue: what 5 ms send, within 16 and 128 KiB.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="bytesPerSecond">0: none.</param>
    public static void Pace(Socket socket, long bytesPerSecond)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Span<byte> rate = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(rate, bytesPerSecond == 0 ? ulong.MaxValue : (ulong)(bytesPerSecond * KernelMargin));
        socket.SetRawSocketOption(SolSocket, MaxPacingRate, rate);
        Span<byte> lowWater = stackalloc byte[sizeof(int)];
        var unsent = bytesPerSecond == 0 ? UnpacedLowWater : (int)Math.Clamp(bytesPerSecond / 200, LeastLowWater, MostLowWater);
        BinaryPrimitives.WriteInt32LittleEndian(lowWater, unsent);
        socket.SetRawSocketOption(IpProtoTcp, NotSentLowWater, lowWater);
    }

    /// <summary>
    /// Lets the kernel acknowledge at once what was just read. A receiver that now and then sends something is taken for interactive, and its acknowledgements then wait up to 40 ms for data to travel
    /// with: to a sender in small slices, a queue of 40 ms. The kernel forgets it soon, so it is said again after each read.
    /// </summary>
    public static void AcknowledgeAtOnce(Socket socket, int bytesRead)
    {
        if (OperatingSystem.IsLinux() && bytesRead < AcknowledgedAnyway)
        {
            Span<byte> on = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(on, 1);
            socket.SetRawSocketOption(IpProtoTcp, QuickAck, on);
        }
    }

    /// <summary>What TCP knows of the connection; all zero where the kernel does not tell.</summary>
    public static TcpFigures Figures(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return default;
        }

        Span<byte> info = stackalloc byte[TcpInfoBytes];
        info.Clear();
        socket.GetRawSocketOption(IpProtoTcp, TcpInfo, info);
        return new TcpFigures
        {
            IsKnown = true,
            RoundTripTime = Microseconds(info, RoundTripOffset),
            RoundTripVariation = Microseconds(info, RoundTripVariationOffset),
            MinRoundTripTime = BinaryPrimitives.ReadUInt32LittleEndian(info[MinRoundTripOffset..]) is var min and < uint.MaxValue ? TimeSpan.FromMicroseconds(min) : TimeSpan.Zero,
            SegmentBytes = (int)BinaryPrimitives.ReadUInt32LittleEndian(info[SegmentSizeOffset..]),
            NotSentBytes = (int)BinaryPrimitives.ReadUInt32LittleEndian(info[NotSentOffset..]),
            SentBytes = Total(info, BytesSentOffset),
            AckedBytes = Total(info, BytesAckedOffset),
            RetransmittedBytes = Total(info, BytesRetransmittedOffset),
            DeliveryBytesPerSecond = Total(info, DeliveryRateOffset),
            IsApplicationLimited = (info[ApplicationLimitedOffset] & 1) != 0,
            ReceivedBytes = Total(info, BytesReceivedOffset),
            SegmentsOut = BinaryPrimitives.ReadUInt32LittleEndian(info[SegmentsOutOffset..]),
            SegmentsIn = BinaryPrimitives.ReadUInt32LittleEndian(info[SegmentsInOffset..]),
            ReceiverLimited = TimeSpan.FromMicroseconds(Total(info, ReceiverLimitedOffset)),
        };
    }

    private static TimeSpan Microseconds(ReadOnlySpan<byte> info, int offset) => TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(info[offset..]));

    private static long Total(ReadOnlySpan<byte> info, int offset) => (long)BinaryPrimitives.ReadUInt64LittleEndian(info[offset..]);
}

/// <summary>Some of TCP_INFO. Bytes are payload, totals since the connection began.</summary>
internal readonly record struct TcpFigures
{
    /// <summary>False: the kernel does not tell, and all the rest is zero.</summary>
    public bool IsKnown { get; init; }

    /// <summary>The smoothed round trip.</summary>
    public TimeSpan RoundTripTime { get; init; }

    /// <summary>The mean deviation of round trips from it.</summary>
    public TimeSpan RoundTripVariation { get; init; }

    /// <summary>The smallest round trip of the last five minutes; zero: none was measured yet.</summary>
    public TimeSpan MinRoundTripTime { get; init; }

    /// <summary>Payload of a full segment.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>What waits in the kernel and was not sent yet.</summary>
    public int NotSentBytes { get; init; }

    /// <summary>Sent, retransmissions included.</summary>
    public long SentBytes { get; init; }

    /// <summary>Acknowledged by the receiving host.</summary>
    public long AckedBytes { get; init; }

    /// <summary>Sent again.</summary>
    public long RetransmittedBytes { get; init; }

    /// <summary>Received, without what came twice.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Segments sent, those without payload included; it goes round at 2^32.</summary>
    public uint SegmentsOut { get; init; }

    /// <summary>Segments received, those without payload included; it goes round at 2^32.</summary>
    public uint SegmentsIn { get; init; }

    /// <summary>The kernel's own sample of the delivery rate, over one round trip.</summary>
    public long DeliveryBytesPerSecond { get; init; }

    /// <summary>That sample was limited by a lack of data.</summary>
    public bool IsApplicationLimited { get; init; }

    /// <summary>How long the receiver's window has held the connection back, in all.</summary>
    public TimeSpan ReceiverLimited { get; init; }
}
