using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>A client over a real socket. Every wait has a bound.</summary>
internal sealed class RespClient : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private byte[] buffer = new byte[4096];
    private int filled;

    private RespClient(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    public static async Task<RespClient> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return new RespClient(socket);
    }

    /// <summary>The wire form of a command.</summary>
    public static byte[] Encode(params byte[][] words)
    {
        var output = new MemoryStream();
        output.Write(Encoding.ASCII.GetBytes($"*{words.Length}\r\n"));
        foreach (var word in words)
        {
            output.Write(Encoding.ASCII.GetBytes($"${word.Length}\r\n"));
            output.Write(word);
            output.Write("\r\n"u8);
        }

        return output.ToArray();
    }

    /// <summary>The wire form of a command whose words are separated by blanks and quoted as on redis-cli's prompt.</summary>
    public static byte[] Encode(string command)
    {
        var words = new List<byte[]>();
        Assert.True(QuotedWords.TrySplit(Encoding.UTF8.GetBytes(command), words), command);
        return Encode([.. words]);
    }

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => Socket.SendAsync(bytes).AsTask().WaitAsync(Bound);

    public async Task<RespValue> AskAsync(string command)
    {
        await SendAsync(Encode(command));
        return await ReadAsync();
    }

    /// <summary>A command's reply as text, in the manner of redis-cli.</summary>
    public async Task<string> AskTextAsync(string command) => (await AskAsync(command)).ToString();

    public async Task<IReadOnlyList<RespValue>> PipelineAsync(params string[] commands)
    {
        await SendAsync(commands.SelectMany(Encode).ToArray());
        var replies = new List<RespValue>();
        while (replies.Count < commands.Length)
        {
            replies.Add(await ReadAsync());
        }

        return replies;
    }

    /// <summary>The next reply.</summary>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public async Task<RespValue> ReadAsync()
    {
        while (true)
        {
            if (TryTake(out var value))
            {
                return value;
            }

            if (await FillAsync() == 0)
            {
                throw new EndOfStreamException("The server closed the connection.");
            }
        }
    }

    /// <summary>Everything until the server closes the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (await FillAsync() > 0)
        {
        }

        return Encoding.Latin1.GetString(buffer, 0, filled);
    }

    public void Dispose() => Socket.Dispose();

    private async Task<int> FillAsync()
    {
        if (filled == buffer.Length)
        {
            Array.Resize(ref buffer, 2 * buffer.Length);
        }

        try
        {
            var count = await Socket.ReceiveAsync(buffer.AsMemory(filled)).AsTask().WaitAsync(Bound);
            filled += count;
            return count;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
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
