namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// A connection of the data plane: frames arrive in order and whole, or not at all. While its nodes are cut off from each other frames wait; when it breaks, the ends learn of it at different times, or one
/// of them only by hearing nothing (half-open). Each end hears from the other at least every few seconds, or gives the connection up.
/// </summary>
internal sealed class Connection
{
    private readonly World world;
    private readonly Network network;

    public Connection(World world, Network network, Process client, Process server)
    {
        this.world = world;
        this.network = network;
        Client = new ConnectionEnd(world, network, this, client);
        Server = new ConnectionEnd(world, network, this, server);
        Client.Begin(Server);
        Server.Begin(Client);
    }

    public ConnectionEnd Client { get; }

    public ConnectionEnd Server { get; }

    /// <summary>The connection breaks; an end that is left half-open learns nothing.</summary>
    public void Break(string why, bool halfOpen)
    {
        var spared = halfOpen ? world.Pick([Client, Server]) : null;
        foreach (var end in new[] { Client, Server }.Where(end => end != spared))
        {
            end.Owner.After(network.Latency(), () => end.Lost(why));
        }
    }

    public void Resume()
    {
        Client.Resume();
        Server.Resume();
    }

    public void EndGone()
    {
        if (!Client.IsOpen && !Server.IsOpen)
        {
            network.Forget(this);
        }
    }
}

/// <summary>One end of a connection.</summary>
internal sealed class ConnectionEnd(World world, Network network, Connection connection, Process owner)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(7);

    // What the kernel's buffers and the receiver's window take before the sender has to wait.
    private const int WindowFrames = 4;

    private readonly Queue<object?> arriving = new();
    private ConnectionEnd peer = null!;
    private DateTimeOffset lastArrival;
    private DateTimeOffset lastHeard;
    private int heldBack;
    private Action<object>? received;

    public Process Owner => owner;

    public bool IsOpen { get; private set; } = true;

    /// <summary>Gets each frame, in order; what came before it was set, too.</summary>
    public Action<object>? Received
    {
        get => received;
        set
        {
            received = value;
            owner.After(TimeSpan.Zero, Resume);
        }
    }

    /// <summary>Learns once why the connection ended, unless this end closed it itself.</summary>
    public Action<string>? Closed { get; set; }

    /// <summary>The receiver has taken what was sent before: there is room in the window again.</summary>
    public Action? Ready { get; set; }

    /// <summary>Whether the window has room for another frame.</summary>
    public bool HasRoom => IsOpen && peer.arriving.Count < WindowFrames;

    public void Begin(ConnectionEnd other)
    {
        peer = other;
        lastHeard = lastArrival = world.Now;
        Beat();
    }

    public void Send(object frame, int bytes)
    {
        if (IsOpen)
        {
            peer.Enqueue(frame, TimeSpan.FromSeconds(bytes / (double)network.BytesPerSecond));
        }
    }

    /// <summary>Closes this end; the other learns of it in time, if the network lets it.</summary>
    public void Close(string why)
    {
        if (IsOpen)
        {
            IsOpen = false;
            connection.EndGone();
            peer.Owner.After(network.Latency(), () =>
            {
                if (network.Reaches(owner.Node, peer.Owner.Node))
                {
                    peer.Lost(why);
                }
            });
        }
    }

    public void Lost(string why)
    {
        if (IsOpen)
        {
            IsOpen = false;
            arriving.Clear();
            connection.EndGone();
            Closed?.Invoke(why);
        }
    }

    public void Resume()
    {
        for (; heldBack > 0 && received is not null && network.Reaches(owner.Node, peer.Owner.Node); heldBack--)
        {
            Arrive();
        }
    }

    private void Enqueue(object? frame, TimeSpan transfer)
    {
        arriving.Enqueue(frame);
        var at = world.Now + transfer + network.Latency();
        lastArrival = at > lastArrival ? at : lastArrival;
        world.After(lastArrival - world.Now, () =>
        {
            if (received is not null && network.Reaches(owner.Node, peer.Owner.Node))
            {
                Resume();
                Arrive();
            }
            else
            {
                heldBack++;
            }
        });
    }

    private void Arrive()
    {
        if (!IsOpen || !owner.IsAlive || !arriving.TryDequeue(out var frame))
        {
            return;
        }

        lastHeard = world.Now;
        if (frame is not null)
        {
            Received?.Invoke(frame);
        }

        peer.Owner.After(TimeSpan.Zero, () => peer.Ready?.Invoke());
    }

    private void Beat() => owner.After(Heartbeat, () =>
    {
        if (!IsOpen)
        {
            return;
        }

        if (world.Now - lastHeard > Stall)
        {
            Lost("nothing was heard for too long");
            return;
        }

        peer.Enqueue(null, TimeSpan.Zero);
        Beat();
    });
}
