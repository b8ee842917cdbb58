using System.Globalization;
using System.Net;
using System.Text;
using Sluice.Cli.Loading;
using Sluice.Client;

namespace Sluice.Cli.Demo;

/// <summary>
/// Writes that a primary gets while it is copied: new keys, some with an expiry, overwritten and deleted files, appended values. The mixture follows a fixed seed, so that
/// two runs write the same. A copy that forgot the log, took a write twice or lost an expiry gives another digest.
/// </summary>
internal sealed class SecondBatch : IAsyncDisposable
{
    /// <summary>A copy of little data may be over before it began to count: at least so many writes in any case.</summary>
    private const int MinWrites = 2000;

    /// <summary>A slow copy must not be fed without an end.</summary>
    private const int MaxWrites = 200_000;

    /// <summary>Only these of the loaded files are overwritten and deleted: the rest must come through the copy as they are.</summary>
    private const int TouchedOneIn = 20;

    private const int Group = 50;
    private const int Seed = 2263;

    /// <summary>50 writes of 1 to 3 KiB each 25 ms are about 4 MiB/s: twice the rate at which Redis' copies never converged (design.md).</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly RespConnection connection;
    private readonly IReadOnlyList<FoundFile> touched;
    private readonly TimeProvider time;
    private readonly Random random = new(Seed);
    private int written;

    private SecondBatch(RespConnection connection, IReadOnlyList<FoundFile> files, TimeProvider time)
    {
        this.connection = connection;
        touched = [.. files.Where((_, index) => index % TouchedOneIn == 0)];
        this.time = time;
    }

    /// <summary>Writes that were answered without an error.</summary>
    public int Written => Volatile.Read(ref written);

    public static async Task<SecondBatch> OpenAsync(IPEndPoint endpoint, IReadOnlyList<FoundFile> files, TimeProvider time, CancellationToken cancellationToken) =>
        new(await RespConnection.OpenAsync(endpoint, password: null, cancellationToken).ConfigureAwait(false), files, time);

    /// <summary>Writes until <paramref name="enough"/>, but at least <see cref="MinWrites"/>.</summary>
    /// <exception cref="SluiceException">A write was refused.</exception>
    public async Task WriteAsync(CancellationToken enough, CancellationToken cancellationToken)
    {
        while (Written < MaxWrites && (Written < MinWrites || !enough.IsCancellationRequested))
        {
            for (var i = 0; i < Group; i++)
            {
                Next(Written + i);
            }

            await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < Group; i++)
            {
                (await connection.ReadAsync(cancellationToken).ConfigureAwait(false)).Checked();
            }

            Interlocked.Add(ref written, Group);
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private void Next(int number)
    {
        var key = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"second-batch/{number:D6}"));
        switch (number % 10)
        {
            case 3:
                connection.Write("SET"u8.ToArray(), AnyFile(), Value());
                break;
            case 5:
                connection.Write("DEL"u8.ToArray(), AnyFile());
                break;
            case 7:
                connection.Write("SET"u8.ToArray(), key, Value(), "EX"u8.ToArray(), "86400"u8.ToArray());
                break;
            case 9:
                // A key for each hundred of them: every append writes the whole value anew, and one value that grew without an end would become the whole log.
                connection.Write("APPEND"u8.ToArray(), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"second-batch/appended/{number / 1000:D3}")), key);
                break;
            default:
                connection.Write("SET"u8.ToArray(), key, Value());
                break;
        }
    }

    private byte[] AnyFile() => Encoding.UTF8.GetBytes(touched[random.Next(touched.Count)].Key);

    private byte[] Value()
    {
        var value = new byte[random.Next(1024, 3 * 1024)];
        random.NextBytes(value);
        return value;
    }
}
