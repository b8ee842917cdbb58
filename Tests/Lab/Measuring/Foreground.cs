using System.Globalization;
using System.Net;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Measuring;

/// <summary>One request of the foreground client.</summary>
/// <param name="Due">When it was due, nanoseconds of the machine's clock.</param>
/// <param name="Milliseconds">After what time it was answered; infinite: never.</param>
internal readonly record struct ForegroundRequest(long Due, double Milliseconds);

/// <summary>Latencies of the foreground client over a time.</summary>
/// <param name="Requests">How many were due.</param>
/// <param name="Served">How many were answered within a second.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="Max">Milliseconds; infinite when one was never answered.</param>
internal sealed record ForegroundFigures(int Requests, int Served, double P50, double P99, double Max)
{
    private const double ServedWithin = 1000;

    public static ForegroundFigures Of(IEnumerable<ForegroundRequest> requests)
    {
        var sorted = requests.Select(request => request.Milliseconds).Order().ToList();
        return new ForegroundFigures(sorted.Count, sorted.Count(latency => latency <= ServedWithin), Percentile(sorted, 0.5), Percentile(sorted, 0.99), sorted.Count == 0 ? 0 : sorted[^1]);
    }

    // The smallest latency that at least this part of all requests keeps.
    private static double Percentile(List<double> sorted, double part) => sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)];
}

/// <summary>The foreground client as it runs in a namespace.</summary>
internal sealed class Foreground : IAsyncDisposable
{
    public const int PerSecond = 100;
    private readonly LabProcess process;
    private readonly string file;

    private Foreground(LabProcess process, string file)
    {
        this.process = process;
        this.file = file;
    }

    /// <summary>Starts it. It measures, so it goes before what is measured: in the network that the lab stands for, it has a host of its own.</summary>
    public static Foreground Start(NetworkNamespace space, IPEndPoint server, string directory)
    {
        var file = Path.Combine(directory, "foreground.txt");
        var process = LabProcess.Start(
            space, Path.Combine(directory, "foreground.log"), "nice", "-n", "-10", "dotnet", Path.Combine(AppContext.BaseDirectory, "Sluice.Lab.dll"),
            "foreground", server.ToString(), PerSecond.ToString(CultureInfo.InvariantCulture), file);
        return new Foreground(process, file);
    }

    /// <summary>Ends it, and reads what it has seen.</summary>
    public async Task<IReadOnlyList<ForegroundRequest>> StopAsync()
    {
        await process.StopAsync();
        return Parse(await File.ReadAllLinesAsync(file));
    }

    public static IReadOnlyList<ForegroundRequest> Parse(IEnumerable<string> lines) =>
        [.. lines.Select(line => line.Split(' ')).Where(words => words.Length == 2)
            .Select(words => new ForegroundRequest(long.Parse(words[0], CultureInfo.InvariantCulture), words[1] == "-1" ? double.PositiveInfinity : long.Parse(words[1], CultureInfo.InvariantCulture) / 1000.0))
            .OrderBy(request => request.Due)];

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
