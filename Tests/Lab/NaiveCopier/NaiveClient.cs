using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Lab.NaiveCopier;

/// <summary>
/// The receiver of the incident: four workers, each with a connection of its own, ask for 4 MiB at a time and wait a second at the most. When the answer has not come by then they ask again on the same connection, while it is still
/// queued at the other end; an answer that comes after its time is thrown away. It writes a line for each piece that came in time and for each timeout.
/// </summary>
internal sealed class NaiveClient(IPEndPoint server, int pieces, string output)
{
    private const int Workers = 4;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<int> wanted = new(Enumerable.Range(0, pieces));
    private readonly StreamWriter writer = new(output) { AutoFlush = true };

    /// <summary>Runs until it has all pieces.</summary>
    public void Run()
    {
        var workers = Enumerable.Range(0, Workers).Select(_ => new Thread(Work)).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
        writer.WriteLine("done");
    }

    /// <summary>Fills the buffer; false at the end of the connection.</summary>
    public static bool TryReceive(Socket connection, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var read = connection.Receive(buffer);
            if (read == 0)
            {
                return false;
            }

            buffer = buffer[read..];
        }

        return true;
    }

    private void Work()
    {
        using var connection = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        connection.Connect(server);
        using var answers = new BlockingCollection<long>();
        var asked = new ConcurrentQueue<long>();
        new Thread(() => Read(connection, answers, asked)) { IsBackground = true }.Start();
        var request = new byte[NaiveServer.HeaderBytes];
        var number = 0L;
        while (wanted.TryDequeue(out var piece))
        {
            BinaryPrimitives.WriteInt32LittleEndian(request, piece);
            while (!TryAsk(connection, request, ++number, answers, asked))
            {
                Note(string.Create(CultureInfo.InvariantCulture, $"timeout {piece}"));
            }

            Note(string.Create(CultureInfo.InvariantCulture, $"piece {piece}"));
        }
    }

    // Only the answer to this very request counts.
    private static bool TryAsk(Socket connection, byte[] request, long number, BlockingCollection<long> answers, ConcurrentQueue<long> asked)
    {
        asked.Enqueue(number);
        connection.Send(request);
        var start = TimeProvider.System.GetTimestamp();
        while (Timeout - TimeProvider.System.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            if (answers.TryTake(out var answered, left) && answered == number)
            {
                return true;
            }
        }

        return false;
    }

    private static void Read(Socket connection, BlockingCollection<long> answers, ConcurrentQueue<long> asked)
    {
        var answer = new byte[NaiveServer.HeaderBytes + NaiveServer.PieceBytes];
        while (TryReceive(connection, answer) && asked.TryDequeue(out var number))
        {
            answers.Add(number);
        }
    }

    private void Note(string line)
    {
        lock (writer)
        {
            writer.WriteLine(line);
        }
    }
}
