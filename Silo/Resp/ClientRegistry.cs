using System.Collections.Concurrent;
using System.Net;

namespace Sluice.Silo.Resp;

/// <summary>The connected clients. Safe for concurrent use.</summary>
public sealed class ClientRegistry(TimeProvider time)
{
    private readonly ConcurrentDictionary<long, GatewayClient> clients = new();
    private long lastId;
    private int count;

    /// <summary>How many are connected.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Those that are connected, oldest first.</summary>
    public IReadOnlyList<GatewayClient> All => [.. clients.Values.OrderBy(client => client.Id)];

    /// <summary>Enters a client, unless there are <paramref name="maximum"/> already.</summary>
    /// <returns>Null when there are.</returns>
    public GatewayClient? TryEnter(int maximum, EndPoint? remote, EndPoint? local, Action abort)
    {
        if (Interlocked.Increment(ref count) > maximum)
        {
            Interlocked.Decrement(ref count);
            return null;
        }

        var client = new GatewayClient(Interlocked.Increment(ref lastId), remote, local, time, abort);
        clients[client.Id] = client;
        return client;
    }

    /// <summary>The client has gone.</summary>
    public void Leave(GatewayClient client)
    {
        if (clients.TryRemove(client.Id, out _))
        {
            Interlocked.Decrement(ref count);
        }
    }

    /// <summary>Closes the clients that sent nothing for so long.</summary>
    /// <returns>How many.</returns>
    public int AbortIdle(TimeSpan timeout)
    {
        var aborted = 0;
        foreach (var client in clients.Values)
        {
            if (client.Idle >= timeout)
            {
                client.Abort();
                aborted++;
            }
        }

        return aborted;
    }
}
