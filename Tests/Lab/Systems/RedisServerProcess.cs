using System.Globalization;
using System.Net;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Systems;

/// <summary>A redis-server of Debian's package on a host of the lab: without snapshots of its own accord, otherwise as it comes.</summary>
internal sealed class RedisServerProcess(LabNetwork network, string host, string directory, params string[] settings) : IAsyncDisposable
{
    public const int Port = 6379;
    private LabProcess? process;

    public RespServer Server { get; } = new(network[host], new IPEndPoint(network.AddressOf(host), Port));

    public int? Pid => process is { HasEnded: false } running ? running.Pid : null;

    /// <summary>Starts it, or starts it anew, and waits until it serves.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        var data = Path.Combine(directory, $"redis-{host}");
        Directory.CreateDirectory(data);
        var started = process = LabProcess.Start(
            network[host], Path.Combine(directory, $"redis-{host}.log"), ["redis-server", "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", Server.EndPoint.Address.ToString(), "--protected-mode", "no", "--dir", data, "--save", "", .. settings]);
        await Server.ServesAsync($"redis-server of {host} (log: {started.Log})", () => started.HasEnded, cancellationToken);
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => process!.KillAsync();

    public ValueTask DisposeAsync() => process?.DisposeAsync() ?? ValueTask.CompletedTask;
}
