using System.Net.Sockets;
using System.Text;
using Sluice.Resp;

namespace Sluice.Tests.Cluster;

/// <summary>One RESP connection of a test: sends commands, reads replies.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private readonly TcpClient tcp;
    private readonly NetworkStream stream;
    private byte[] buffer = new byte[64 * 1024];
    private int filled;

    private RedisConnection(TcpClient tcp)
    {
        this.tcp = tcp;
        stream = tcp.GetStream();
    }

    public static async Task<RedisConnection> OpenAsync(int port, CancellationToken cancellationToken = default)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port, cancellationToken);
        return new RedisConnection(tcp);
    }

    /// <summary>Sends one command, its words separated by blanks, and reads its reply.</summary>
    public Task<RespValue> SendAsync(string command) => SendAsync([.. command.Split(' ').Select(Encoding.UTF8.GetBytes)]);

    /// <summary>Sends one command and reads its reply.</summary>
    public async Task<RespValue> SendAsync(params byte[][] arguments) => (await PipelineAsync([arguments]))[0];

    /// <summary>Sends commands at once and reads their replies.</summary>
    public async Task<IReadOnlyList<RespValue>> PipelineAsync(IReadOnlyList<byte[][]> commands)
    {
        using var request = new MemoryStream();
        foreach (var command in commands)
        {
            request.Write(Encoding.ASCII.GetBytes($"*{command.Length}\r\n"));
            foreach (var argument in command)
            {
                request.Write(Encoding.ASCII.GetBytes($"${argument.Length}\r\n"));
                request.Write(argument);
                request.Write("\r\n"u8);
            }
        }

        await stream.WriteAsync(request.GetBuffer().AsMemory(0, (int)request.Length));
        var replies = new List<RespValue>(commands.Count);
        while (replies.Count < commands.Count)
        {
            replies.Add(await ReadAsync());
        }

        return replies;
    }

    public ValueTask DisposeAsync()
    {
        tcp.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<RespValue> ReadAsync()
    {
        while (true)
        {
            if (TryTake(out var value))
            {
                return value;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var read = await stream.ReadAsync(buffer.AsMemory(filled));
            if (read == 0)
            {
                throw new EndOfStreamException("The server closed the connection before its reply was whole.");
            }

            filled += read;
        }
    }

    private bool TryTake(out RespValue value)
    {
        var reader = new RespReader(buffer.AsSpan(0, filled));
        if (!reader.TryRead(out value))
        {
            return false;
        }

        buffer.AsSpan(reader.Consumed, filled - reader.Consumed).CopyTo(buffer);
        filled -= reader.Consumed;
        return true;
    }
}
