using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Tests.Storage;

/// <summary>A real redis-server on a free port, without persistence, ended with the test.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly Process process;
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = (int)TestDirectory.Patience.TotalMilliseconds };
    private readonly byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;

    private RedisServer(Process process) => this.process = process;

    /// <summary>The server's program, or null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(directory => Path.Combine(directory, "redis-server")).FirstOrDefault(File.Exists);

    public static async Task<RedisServer> StartAsync()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var start = new ProcessStartInfo(Program!, ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()])
        {
            RedirectStandardOutput = true,
        };
        var server = new RedisServer(Process.Start(start)!);
        try
        {
            // The server says when it is ready.
            var ready = "";
            while (!ready.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready = await server.process.StandardOutput.ReadLineAsync().WaitAsync(TestDirectory.Patience) ?? throw new InvalidOperationException("redis-server ended before it was ready.");
            }

            await server.socket.ConnectAsync(IPAddress.Loopback, port);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and returns its reply as it came.</summary>
    public string Do(byte[][] command)
    {
        using var request = new MemoryStream();
        request.Write(Encoding.ASCII.GetBytes($"*{command.Length}\r\n"));
        foreach (var argument in command)
        {
            request.Write(Encoding.ASCII.GetBytes($"${argument.Length}\r\n"));
            request.Write(argument);
            request.Write("\r\n"u8);
        }

        socket.Send(request.ToArray());
        var reply = new StringBuilder();
        ReadReply(reply);
        return reply.ToString();
    }

    public void Dispose()
    {
        socket.Dispose();
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    private void ReadReply(StringBuilder reply)
    {
        var line = ReadLine();
        reply.Append(line).Append("\r\n");
        var length = line[0] is '$' or '*' ? int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) : -1;
        if (line[0] == '$' && length >= 0)
        {
            for (var i = 0; i < length + 2; i++)
            {
                reply.Append((char)ReadByte());
            }
        }

        for (var i = 0; line[0] == '*' && i < length; i++)
        {
            ReadReply(reply);
        }
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            var value = (char)ReadByte();
            if (value == '\n')
            {
                return line.ToString(0, line.Length - 1);
            }

            line.Append(value);
        }
    }

    private byte ReadByte()
    {
        if (start == end)
        {
            start = 0;
            end = socket.Receive(buffer);
            Assert.NotEqual(0, end);
        }

        return buffer[start++];
    }
}

/// <summary>A test that needs redis-server, and says so where there is none.</summary>
internal sealed class RedisFactAttribute : FactAttribute
{
    public RedisFactAttribute()
    {
        if (RedisServer.Program is null)
        {
            Skip = "redis-server is not installed (apt-get install redis-server): nothing to compare with.";
        }
    }
}
