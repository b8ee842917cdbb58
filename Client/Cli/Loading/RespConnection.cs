using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Client;

namespace Sluice.Cli.Loading;

/// <summary>
/// A connection to a RESP port that can stream a value from a file: one side writes commands, the other reads replies, and neither waits for the other. One writer and
/// one reader at a time.
/// </summary>
internal sealed class RespConnection : IAsyncDisposable
{
    /// <summary>What is written is sent when so many bytes have gathered.</summary>
    private const int FlushBytes = 128 * 1024;

    private readonly Socket socket;
    private readonly PipeReader reader;
    private readonly PipeWriter writer;

    private RespConnection(Socket socket)
    {
        this.socket = socket;
        var stream = new NetworkStream(socket, ownsSocket: true);
        reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
        writer = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: FlushBytes));
    }

    /// <summary>Connects and, with a password, authenticates.</summary>
    /// <exception cref="SluiceUnreachableException">Nobody answers there.</exception>
    /// <exception cref="SluiceCommandException">The password is wrong.</exception>
    public static async Task<RespConnection> OpenAsync(IPEndPoint endpoint, string? password, CancellationToken cancellationToken)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new SluiceUnreachableException($"No RESP port answers at {endpoint}: {error.Message}. Start the node, or name another address.", error);
        }

        var connection = new RespConnection(socket);
        if (password is not null)
        {
            (await connection.CallAsync(cancellationToken, "AUTH"u8.ToArray(), Encoding.UTF8.GetBytes(password)).ConfigureAwait(false)).Checked();
        }

        return connection;
    }

    /// <summary>Over a socket that is connected already; it is closed with the connection.</summary>
    public static RespConnection Over(Socket socket) => new(socket);

    /// <summary>Sends one command and waits for its reply.</summary>
    public async Task<RespReply> CallAsync(CancellationToken cancellationToken, params byte[][] parts)
    {
        Write(parts);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return await ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Appends a command to what will be sent.</summary>
    public void Write(params ReadOnlySpan<byte[]> parts)
    {
        Header('*', parts.Length);
        foreach (var part in parts)
        {
            Header('$', part.Length);
            writer.Write(part);
            writer.Write("\r\n"u8);
        }
    }

    /// <summary>Sends <c>SET key value</c>, the value straight from a file: no more than one buffer of it is in memory.</summary>
    /// <exception cref="EndOfStreamException">The file has become shorter than <paramref name="length"/>; the connection cannot be used any more.</exception>
    public async Task SendFileAsync(byte[] key, Microsoft.Win32.SafeHandles.SafeFileHandle file, long length, CancellationToken cancellationToken)
    {
        Header('*', 3);
        Header('$', 3);
        writer.Write("SET\r\n"u8);
        Header('$', key.Length);
        writer.Write(key);
        writer.Write("\r\n"u8);
        Header('$', length);
        for (long offset = 0; offset < length;)
        {
            var memory = writer.GetMemory(FlushBytes);
            var wanted = (int)Math.Min(memory.Length, length - offset);
            var read = await RandomAccess.ReadAsync(file, memory[..wanted], offset, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException($"It ended after {offset} bytes, and had {length} when it was opened.");
            }

            writer.Advance(read);
            offset += read;
            await FlushIfFullAsync(cancellationToken).ConfigureAwait(false);
        }

        writer.Write("\r\n"u8);
        await FlushIfFullAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends what has been written if that is much.</summary>
    public ValueTask FlushIfFullAsync(CancellationToken cancellationToken) =>
        writer.UnflushedBytes >= FlushBytes ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Sends what has been written.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw Lost(error);
        }
    }

    /// <summary>Reads one reply.</summary>
    /// <exception cref="SluiceUnreachableException">The connection has ended.</exception>
    public async Task<RespReply> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result;
            try
            {
                result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException error)
            {
                throw Lost(error);
            }

            if (TryRead(result.Buffer, out var reply, out var consumed))
            {
                reader.AdvanceTo(consumed);
                return reply;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
            {
                throw Lost(new EndOfStreamException("The node closed it."));
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        // Neither pipe is completed in an orderly way: what is unsent at this point is not wanted any more.
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool TryRead(ReadOnlySequence<byte> buffer, out RespReply reply, out SequencePosition consumed)
    {
        var sequence = new SequenceReader<byte>(buffer);
        var read = RespReplyReader.TryRead(ref sequence, out reply);
        consumed = sequence.Position;
        return read;
    }

    private void Header(char type, long number) => writer.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{type}{number}\r\n")));

    private SluiceUnreachableException Lost(Exception error) => new($"The connection to the RESP port was lost: {error.Message}", error);
}
