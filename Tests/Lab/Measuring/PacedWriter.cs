using System.Globalization;
using System.Text;
using Sluice.Client;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Measuring;

/// <summary>Writes to a server at a steady rate, from the server's own host, so that the writes themselves never cross the link: new values of keys that the payload has.</summary>
internal sealed class PacedWriter : IAsyncDisposable
{
    private const int PerSecond = 20;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;

    private PacedWriter(RespServer server, int bytesPerSecond, int keys) => work = Task.Run(() => RunAsync(server, bytesPerSecond, keys, stopping.Token));

    /// <summary>How many values it has written.</summary>
    public long Written { get; private set; }

    /// <summary>Begins.</summary>
    public static PacedWriter Start(RespServer server, int bytesPerSecond, int keys) => new(server, bytesPerSecond, keys);

    /// <summary>Ends it; all that it wrote has been acknowledged.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await work;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    private async Task RunAsync(RespServer server, int bytesPerSecond, int keys, CancellationToken cancellationToken)
    {
        var random = new Random(2);
        var value = new byte[RespServer.ValueBytes];
        await using var connection = await server.ConnectAsync(CancellationToken.None);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PerSecond), TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            var due = (long)(TimeProvider.System.GetElapsedTime(start).TotalSeconds * bytesPerSecond / RespServer.ValueBytes);
            for (; Written < due; Written++)
            {
                random.NextBytes(value);
                (await connection.CallAsync(CancellationToken.None, "SET"u8.ToArray(), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"payload:{random.Next(keys)}")), value)).Checked();
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
