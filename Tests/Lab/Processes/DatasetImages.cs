using System.Globalization;
using Sluice.Lab.Network;

namespace Sluice.Lab.Processes;

/// <summary>
/// The data directory of a primary that was loaded once, through RESP, and stopped; cases start from a copy of it. So each begins with the same files, and without the compactions that a load leaves behind.
/// </summary>
internal sealed class DatasetImages(string directory, string prefix, Action<string> say, CancellationToken cancellationToken)
{
    private const double SettledCpuPart = 0.05;
    private static readonly TimeSpan SettleBound = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim making = new(1);

    /// <summary>Puts a copy of the primary's data where a node of a case will look for it.</summary>
    public async Task PlaceAsync(int mib, int shards, IReadOnlyList<string> hosts, string caseDirectory)
    {
        var image = await GetAsync(mib, shards, hosts);
        await Tool.RunAsync("cp", "-r", image, SluiceNode.DataOf(caseDirectory, LabNetwork.Primary));
        await Tool.RunAsync("sync", "-f", caseDirectory);
    }

    /// <summary>The folder of a primary's data.</summary>
    public async Task<string> GetAsync(int mib, int shards, IReadOnlyList<string> hosts)
    {
        var image = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{mib}-mib-{shards}-shards-{hosts.Count}-hosts"));
        await making.WaitAsync(cancellationToken);
        try
        {
            if (!Directory.Exists(image))
            {
                await MakeAsync(image, mib, shards, hosts);
            }

            return SluiceNode.DataOf(image, LabNetwork.Primary);
        }
        finally
        {
            making.Release();
        }
    }

    private async Task MakeAsync(string image, int mib, int shards, IReadOnlyList<string> hosts)
    {
        say($"loading {mib} MiB of incompressible {RespServer.ValueBytes / 1024} KiB values");
        var unfinished = $"{image}.unfinished";
        Directory.CreateDirectory(unfinished);
        await using var network = await LabNetwork.CreateAsync($"{prefix}-load", NetworkShape.Nic, "cubic", 0, [.. hosts]);
        await using var node = new SluiceNode(network, LabNetwork.Primary, hosts, unfinished, shards);
        await node.StartAsync(cancellationToken);
        await node.Server.LoadAsync(mib, cancellationToken);
        await SettleAsync(node);
        await node.StopAsync();
        Directory.Move(unfinished, image);
    }

    // Until compactions have ended.
    private async Task SettleAsync(SluiceNode node)
    {
        var start = TimeProvider.System.GetTimestamp();
        var before = double.NegativeInfinity;
        while (TimeProvider.System.GetElapsedTime(start) < SettleBound)
        {
            var now = node.Pid is { } pid ? ProcessUsage.OfTree(pid).CpuSeconds : throw new LabException($"The node ended while it was loaded (log: {node.Log}).");
            if (now - before < SettledCpuPart * Look.TotalSeconds)
            {
                return;
            }

            before = now;
            await Task.Delay(Look, TimeProvider.System, cancellationToken);
        }
    }
}
