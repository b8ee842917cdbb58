using System.Net;
using System.Net.Sockets;

namespace Sluice.Tests.Replication;

/// <summary>A proxy between node b and node a: what passes towards b can be slow, fall silent with everything left open, or break.</summary>
internal sealed class ProxyLink : IAsyncDisposable
{
    private const int PiecesPerSecond = 8;
    private readonly LoopbackNodes nodes;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Socket> sockets = [];
    private readonly Task accepting;
    private long left = long.MaxValue;
    private long passed;

    /// <summary>Node b looks for node a here.</summary>
    public ProxyLink(LoopbackNodes nodes)
    {
        this.nodes = nodes;
        listener.Start();
        nodes.Detour = (IPEndPoint)listener.LocalEndpoint;
        accepting = AcceptAsync();
    }

    /// <summary>The rate of a connection towards b; 0: any.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>The first connection breaks after so many bytes.</summary>
    public long BreakAfter { get; init; } = long.MaxValue;

    /// <summary>Connections so far.</summary>
    public int Connections { get; private set; }

    /// <summary>Bytes that went towards b.</summary>
    public long PassedBytes => Interlocked.Read(ref passed);

    /// <summary>Lets so many bytes more pass towards b, then none.</summary>
    public void StopAfter(long bytes) => Interlocked.Exchange(ref left, bytes);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        sockets.ForEach(socket => socket.Dispose());
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync(stopping.Token);
                var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await far.ConnectAsync(nodes.Listener.EndPoint, stopping.Token);
                sockets.AddRange([near, far]);
                Connections++;
                _ = PassAsync(near, far, towardsB: false);
                _ = PassAsync(far, near, towardsB: true);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool towardsB)
    {
        var isPaced = towardsB && BytesPerSecond > 0;
        var buffer = new byte[isPaced ? BytesPerSecond / PiecesPerSecond : 64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, stopping.Token) is > 0 and var count)
            {
                if (towardsB && Interlocked.Add(ref left, -count) < 0)
                {
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count), stopping.Token);
                if (towardsB && Interlocked.Add(ref passed, count) > BreakAfter && Connections == 1)
                {
                    from.Dispose();
                    to.Dispose();
                    return;
                }

                if (isPaced)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1.0 / PiecesPerSecond), TimeProvider.System, stopping.Token);
                }
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has closed: a link does not care which.
            return;
        }
    }
}
