using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Lab.NaiveCopier;

/// <summary>
/// The sender of the incident: it answers each request for a piece by reading the piece and queueing the answer on its connection. Nothing tells it that nobody waits for an answer any more, and nothing bounds what is queued.
/// </summary>
internal sealed class NaiveServer(IPEndPoint endPoint)
{
    /// <summary>The size of a piece, bytes.</summary>
    public const int PieceBytes = 4 * 1024 * 1024;

    /// <summary>A request: the piece, i32 little-endian. An answer: the piece, then its bytes.</summary>
    public const int HeaderBytes = 4;

    /// <summary>Serves until the process is ended.</summary>
    public void Run()
    {
        using var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(endPoint);
        listener.Listen();
        while (true)
        {
            var connection = listener.Accept();
            var answers = new BlockingCollection<byte[]>();
            new Thread(() => Write(connection, answers)) { IsBackground = true }.Start();
            new Thread(() => Read(connection, answers)) { IsBackground = true }.Start();
        }
    }

    private static void Read(Socket connection, BlockingCollection<byte[]> answers)
    {
        var request = new byte[HeaderBytes];
        try
        {
            while (NaiveClient.TryReceive(connection, request))
            {
                var piece = BinaryPrimitives.ReadInt32LittleEndian(request);
                var answer = new byte[HeaderBytes + PieceBytes];
                request.CopyTo(answer, 0);
                new Random(piece).NextBytes(answer.AsSpan(HeaderBytes));
                answers.Add(answer);
            }
        }
        catch (SocketException)
        {
            // The client has gone.
        }

        answers.CompleteAdding();
    }

    private static void Write(Socket connection, BlockingCollection<byte[]> answers)
    {
        try
        {
            foreach (var answer in answers.GetConsumingEnumerable())
            {
                for (var sent = 0; sent < answer.Length;)
                {
                    sent += connection.Send(answer.AsSpan(sent));
                }
            }
        }
        catch (SocketException)
        {
            // The client has gone.
        }

        connection.Dispose();
    }
}
