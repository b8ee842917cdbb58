using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Lab.Measuring;

/// <summary>
/// The foreground: a program of its own that asks for one small value so many times per second over one connection. It is open-loop: requests go out at their time whatever became of those before, and a latency counts from
/// the time when its request was due. So a reply that is late for everybody is late for every request that was due meanwhile, and does not hide them. A connection that is lost is made again; what was asked on it counts as not served.
/// It writes a line for each request: when it was due, and after how many microseconds it was answered (-1: never).
/// </summary>
internal sealed partial class ForegroundClient(IPEndPoint server, int perSecond, string output) : IDisposable
{
    /// <summary>The size of a value, bytes.</summary>
    public const int ValueBytes = 100;

    /// <summary>How many keys it asks for, in turns.</summary>
    public const int Keys = 100;

    private const long TicksPerSecond = 1_000_000_000;
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ConnectBound = TimeSpan.FromSeconds(1);
    private readonly StreamWriter writer = new(output);
    private readonly ManualResetEventSlim stopped = new();

    /// <summary>The key that request number n asks for.</summary>
    public static string KeyOf(long n) => string.Create(CultureInfo.InvariantCulture, $"foreground:{n % Keys}");

    /// <summary>The clock of all processes of this machine: nanoseconds.</summary>
    public static long Now() => TimeProvider.System.GetTimestamp() * (TicksPerSecond / TimeProvider.System.TimestampFrequency);

    /// <summary>Runs until SIGTERM.</summary>
    public void Run()
    {
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stopped.Set();
        });
        var period = TicksPerSecond / perSecond;
        var (next, n) = (Now() + period, 0L);
        while (!stopped.IsSet)
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            if (Connect(socket))
            {
                (next, n) = Converse(socket, next, n, period);
            }

            // What was due while nobody was there to ask.
            for (; next <= Now(); next += period, n++)
            {
                Write(next, -1);
            }

            if (!stopped.IsSet)
            {
                stopped.Wait(ReconnectAfter);
            }
        }

        writer.Flush();
    }

    public void Dispose()
    {
        writer.Dispose();
        stopped.Dispose();
    }

    private bool Connect(Socket socket)
    {
        try
        {
            return socket.ConnectAsync(server).Wait(ConnectBound);
        }
        catch (AggregateException error) when (error.InnerException is SocketException)
        {
            return false;
        }
    }

    /// <summary>Asks on one connection until it breaks or the program is to end; gives what is due next.</summary>
    private (long Next, long Count) Converse(Socket socket, long next, long n, long period)
    {
        var waiting = new ConcurrentQueue<long>();
        var reader = new Thread(() => Read(socket, waiting));
        reader.Start();
        try
        {
            for (; !stopped.IsSet && reader.IsAlive; next += period, n++)
            {
                SleepUntil(next);
                var key = KeyOf(n);
                waiting.Enqueue(next);
                socket.Send(Encoding.ASCII.GetBytes($"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n"));
            }
        }
        catch (SocketException)
        {
            // The request was noted: it will be counted as not served.
            next += period;
            n++;
        }

        socket.Close();
        reader.Join();
        while (waiting.TryDequeue(out var due))
        {
            Write(due, -1);
        }

        return (next, n);
    }

    private void Read(Socket socket, ConcurrentQueue<long> waiting)
    {
        // A value of this size and nothing else is an answer; anything else ends the connection.
        var expected = $"${ValueBytes}\r\n".Length + ValueBytes + 2;
        var buffer = new byte[expected];
        try
        {
            while (true)
            {
                for (var filled = 0; filled < expected;)
                {
                    var read = socket.Receive(buffer.AsSpan(filled));
                    if (read == 0 || buffer[0] != (byte)'$')
                    {
                        return;
                    }

                    filled += read;
                }

                if (waiting.TryDequeue(out var due))
                {
                    Write(due, (Now() - due) / 1000);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The connection has ended; the other side of this conversation notices.
            _ = error;
        }
    }

    private void Write(long due, long microseconds)
    {
        lock (writer)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{due} {microseconds}"));
        }
    }

    private static void SleepUntil(long due)
    {
        var time = new TimeSpec { Seconds = due / TicksPerSecond, Nanoseconds = due % TicksPerSecond };
        while (ClockNanosleep(ClockMonotonic, AbsoluteTime, ref time, 0) != 0)
        {
            // A signal came in between; the time is absolute.
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int ClockNanosleep(int clock, int flags, ref TimeSpec request, nint remain);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
