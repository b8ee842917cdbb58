using System.Collections.Concurrent;
using System.Net;

namespace Sluice.Bandwidth;

/// <summary>A connection of the data plane, as far as it matters to links.</summary>
public interface IWireConnection
{
    /// <summary>This side's address; null when it is closed.</summary>
    IPAddress? LocalAddress { get; }

    /// <summary>The other side's address; null when it is closed.</summary>
    IPAddress? PeerAddress { get; }

    /// <summary>The node at the other side; null until it has said so.</summary>
    string? PeerNode { get; }

    /// <summary>What the connection has sent and received so far, with packet headers. Never throws; the last figures when it is closed.</summary>
    (WireCount Egress, WireCount Ingress) Count();
}

/// <summary>
/// The connections of the data plane, both directions, so that the link monitor knows how much of what an interface carries is our own. Safe for concurrent use.
/// </summary>
public sealed class WireUse
{
    private readonly ConcurrentDictionary<IWireConnection, byte> connections = new();
    private readonly ConcurrentQueue<IWireConnection> closed = new();

    /// <summary>A connection was opened.</summary>
    public void Enter(IWireConnection connection) => connections[connection] = 0;

    /// <summary>A connection is about to be closed: its last bytes are still counted once.</summary>
    public void Leave(IWireConnection connection)
    {
        if (connections.TryRemove(connection, out _))
        {
            closed.Enqueue(connection);
        }
    }

    /// <summary>The open connections.</summary>
    internal ICollection<IWireConnection> Open => connections.Keys;

    /// <summary>The connections that were closed since this was asked last.</summary>
    internal IEnumerable<IWireConnection> TakeClosed()
    {
        while (closed.TryDequeue(out var connection))
        {
            yield return connection;
        }
    }
}
