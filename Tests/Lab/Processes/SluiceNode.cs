using System.Globalization;
using System.Net;
using Sluice.Lab.Network;

namespace Sluice.Lab.Processes;

/// <summary>A node of Sluice: a real silo process on a host of the lab, bound to the host's address, so that all that nodes say to each other crosses the link.</summary>
internal sealed class SluiceNode(LabNetwork network, string host, IReadOnlyList<string> hosts, string directory, int shards) : IAsyncDisposable
{
    public const int Port = 9221;
    private const int SiloPort = 11111;
    private const int GatewayPort = 30000;
    private const string Secret = "the lab's secret";
    private LabProcess? process;

    /// <summary>Its name is its host's.</summary>
    public string Name => host;

    /// <summary>The server that clients talk to.</summary>
    public RespServer Server { get; } = new(network[host], new IPEndPoint(network.AddressOf(host), Port));

    /// <summary>The process's id; null while there is none.</summary>
    public int? Pid => process is { HasEnded: false } running ? running.Pid : null;

    /// <summary>Where its data are.</summary>
    public string Data => DataOf(directory, host);

    /// <summary>The file with its log.</summary>
    public string Log => Path.Combine(directory, $"{host}.log");

    /// <summary>Where the data of a node are in the folder of a run.</summary>
    public static string DataOf(string directory, string host) => Path.Combine(directory, host);

    /// <summary>Starts it, or starts it anew, and waits until it serves.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        var address = network.AddressOf(host).ToString();
        var started = process = LabProcess.Start(
            network[host], Log, "dotnet", Path.Combine(AppContext.BaseDirectory, "Sluice.Silo.dll"), "--name", host, "--data", Data, "--host", address,
            "--port", Text(Port), "--silo-port", Text(SiloPort), "--gateway-port", Text(GatewayPort), "--shards", Text(shards), "--secret-file", await SecretFileAsync(),
            "--seeds", string.Join(',', hosts.Select(name => $"{network.AddressOf(name)}:{Text(SiloPort)}")));
        await Server.ServesAsync($"node {host} (log: {Log})", () => started.HasEnded, cancellationToken);
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => process!.KillAsync();

    /// <summary>Stops it in an orderly way.</summary>
    public Task StopAsync() => process!.StopAsync();

    /// <summary>Runs a command of <c>sluice</c> on this node's host, for its JSON.</summary>
    public async Task<(int Status, string Output, string Errors)> TrySluiceAsync(params string[] command) => await Tool.TryAsync("ip", network[host].Enter(
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), .. command, "--json", "--connect", $"{network.AddressOf(host)}:{Text(GatewayPort)}", "--secret-file", await SecretFileAsync()]));

    public ValueTask DisposeAsync() => process?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<string> SecretFileAsync()
    {
        var file = Path.Combine(directory, "secret");
        await File.WriteAllTextAsync(file, $"{Secret}\n");
        return file;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
