using System.Net;
using System.Net.Sockets;
using Sluice.Bandwidth;

namespace Sluice.Replication;

/// <summary>Counts what one connection takes of the wire: by TCP_INFO, which knows repeated and empty segments too, else by what was read and written. Safe for concurrent use.</summary>
internal sealed class WireMeter : IWireConnection
{
    private readonly Socket socket;
    private readonly Lock gate = new();
    private long segmentsOut;
    private long segmentsIn;
    private long written;
    private long read;
    private (WireCount Egress, WireCount Ingress) last;

    /// <summary>Measures a connected socket.</summary>
    public WireMeter(Socket socket)
    {
        this.socket = socket;
        try
        {
            LocalAddress = (socket.LocalEndPoint as IPEndPoint)?.Address;
            PeerAddress = (socket.RemoteEndPoint as IPEndPoint)?.Address;
        }
        catch (SocketException)
        {
            // It was reset before it was looked at: it carries nothing.
            return;
        }
    }

    /// <inheritdoc/>
    public IPAddress? LocalAddress { get; }

    /// <inheritdoc/>
    public IPAddress? PeerAddress { get; }

    /// <inheritdoc/>
    public string? PeerNode { get; set; }

    /// <summary>Bytes were given to the socket.</summary>
    public void Written(int bytes) => Interlocked.Add(ref written, bytes);

    /// <summary>Bytes came from the socket.</summary>
    public void Read(int bytes) => Interlocked.Add(ref read, bytes);

    /// <inheritdoc/>
    public (WireCount Egress, WireCount Ingress) Count()
    {
        lock (gate)
        {
            try
            {
                var figures = ReplicationSocket.Figures(socket);
                last = figures.IsKnown ? ByTcp(figures) : (BySegments(Interlocked.Read(ref written)), BySegments(Interlocked.Read(ref read)));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is closed: what it had carried by then stands.
                return last;
            }

            return last;
        }
    }

    private static WireCount BySegments(long payload) => WireHeaders.Count(payload, (payload + WireHeaders.UsualPayload - 1) / WireHeaders.UsualPayload);

    private (WireCount Egress, WireCount Ingress) ByTcp(TcpFigures figures)
    {
        // The kernel's counters of segments have 32 bits: what was added since the last look is right even when they went round.
        segmentsOut += unchecked(figures.SegmentsOut - (uint)segmentsOut);
        segmentsIn += unchecked(figures.SegmentsIn - (uint)segmentsIn);
        return (WireHeaders.Count(figures.SentBytes, segmentsOut), WireHeaders.Count(figures.ReceivedBytes, segmentsIn));
    }
}
