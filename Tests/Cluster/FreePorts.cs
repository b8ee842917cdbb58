using System.Net;
using System.Net.Sockets;

namespace Sluice.Tests.Cluster;

/// <summary>Ports of loopback that nobody listens on at the moment.</summary>
internal static class FreePorts
{
    /// <summary>So many different ones.</summary>
    public static int[] Take(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }).ToList();
        var ports = sockets.Select(socket => ((IPEndPoint)socket.LocalEndPoint!).Port).ToArray();
        sockets.ForEach(socket => socket.Dispose());
        return ports;
    }
}
