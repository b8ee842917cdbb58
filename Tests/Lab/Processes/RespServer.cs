using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Cli.Loading;
using Sluice.Client;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;

namespace Sluice.Lab.Processes;

/// <summary>A server of the Redis protocol in a namespace, spoken to from inside that namespace.</summary>
/// <param name="Space">Where it runs.</param>
/// <param name="EndPoint">Where it listens.</param>
internal sealed record RespServer(NetworkNamespace Space, IPEndPoint EndPoint)
{
    /// <summary>The size of a value of the payload.</summary>
    public const int ValueBytes = 4096;

    private const int PipelineValues = 256;
    private static readonly TimeSpan ServeBound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Connects.</summary>
    public async Task<RespConnection> ConnectAsync(CancellationToken cancellationToken) => RespConnection.Over(await Space.ConnectAsync(EndPoint, cancellationToken));

    /// <summary>Sends one command, its words separated by blanks, over a connection of its own.</summary>
    /// <exception cref="SluiceCommandException">It answers with an error.</exception>
    public async Task<RespReply> CallAsync(string command, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        return (await connection.CallAsync(cancellationToken, [.. command.Split(' ').Select(Encoding.UTF8.GetBytes)])).Checked();
    }

    /// <summary>The fields of a section of INFO.</summary>
    public async Task<IReadOnlyDictionary<string, string>> InfoAsync(string section, CancellationToken cancellationToken)
    {
        var text = (await CallAsync($"INFO {section}", cancellationToken)).Text;
        return text.Split("\r\n").Where(line => line.Contains(':', StringComparison.Ordinal)).Select(line => line.Split(':', 2))
            .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal);
    }

    /// <summary>Waits until it counts its keys: a node that does has joined.</summary>
    public async Task ServesAsync(string name, Func<bool> hasEnded, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < ServeBound && !hasEnded())
        {
            try
            {
                await CallAsync("DBSIZE", cancellationToken);
                return;
            }
            catch (Exception error) when (error is SluiceException or SocketException or IOException)
            {
                await Task.Delay(Between, TimeProvider.System, cancellationToken);
            }
        }

        throw new LabException(hasEnded() ? $"{name} ended while it started." : $"{name} does not serve after {ServeBound.TotalSeconds:0} s.");
    }

    /// <summary>Sets the small values that the foreground asks for, and so many MiB of values that no compression makes smaller.</summary>
    public async Task LoadAsync(int mib, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        var random = new Random(1);
        await SetAsync(connection, Enumerable.Range(0, ForegroundClient.Keys).Select(n => (ForegroundClient.KeyOf(n), NextValue(random, ForegroundClient.ValueBytes))), cancellationToken);
        var count = (int)((long)mib * 1024 * 1024 / ValueBytes);
        for (var n = 0; n < count; n += PipelineValues)
        {
            await SetAsync(connection, Enumerable.Range(n, Math.Min(PipelineValues, count - n)).Select(i => (string.Create(CultureInfo.InvariantCulture, $"payload:{i}"), NextValue(random, ValueBytes))), cancellationToken);
        }
    }

    private static byte[] NextValue(Random random, int bytes)
    {
        var value = new byte[bytes];
        random.NextBytes(value);
        return value;
    }

    private static async Task SetAsync(RespConnection connection, IEnumerable<(string Key, byte[] Value)> pairs, CancellationToken cancellationToken)
    {
        var waiting = 0;
        foreach (var (key, value) in pairs)
        {
            connection.Write("SET"u8.ToArray(), Encoding.ASCII.GetBytes(key), value);
            waiting++;
        }

        await connection.FlushAsync(cancellationToken);
        for (; waiting > 0; waiting--)
        {
            (await connection.ReadAsync(cancellationToken)).Checked();
        }
    }
}
