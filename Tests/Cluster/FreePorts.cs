using System.Net;
using System.Net.Sockets;

namespace Sluice.Tests.Cluster;

/// <summary>
/// Ports of loopback that nobody listens on at the moment. They lie below those that the system gives to outgoing connections (from 32768 on): one of these, of which a run of tests makes
/// thousands, could be taken by a connection before its node listens. No port is given twice in a run, and runs side by side begin at different ones.
/// </summary>
internal static class FreePorts
{
    private const int First = 10_000;
    private const int Count = 22_000;
    private static int last = Environment.ProcessId * 97;

    /// <summary>So many different ones.</summary>
    public static int[] Take(int count)
    {
        var ports = new List<int>();
        while (ports.Count < count)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref last) % Count);
            if (IsFree(port))
            {
                ports.Add(port);
            }
        }

        return [.. ports];
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            // Somebody has it: the next one, then.
            return false;
        }
    }
}
