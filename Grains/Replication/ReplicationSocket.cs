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

    // Offsets in struct tcp_info (linux/tcp.h). It only ever grows at its end.
    private const int SegmentSizeOffset = 16;
    private const int RoundTripOffset = 68;
    private const int NotSentOffset = 144;
    private const int BytesSentOffset = 200;
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
        return new TcpFigures(
            TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(info[RoundTripOffset..])),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(info[SegmentSizeOffset..]),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(info[NotSentOffset..]),
            (long)BinaryPrimitives.ReadUInt64LittleEndian(info[BytesSentOffset..]));
    }
}

/// <summary>Some of TCP_INFO.</summary>
/// <param name="RoundTripTime">The smoothed round trip.</param>
/// <param name="SegmentBytes">Payload of a full segment.</param>
/// <param name="NotSentBytes">What waits in the kernel and was not sent yet.</param>
/// <param name="SentBytes">Payload sent, retransmissions included.</param>
internal readonly record struct TcpFigures(TimeSpan RoundTripTime, int SegmentBytes, int NotSentBytes, long SentBytes);
