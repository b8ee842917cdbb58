using System.Globalization;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>
/// An rsync daemon that offers the database files of a stopped node, and an rsync that fetches them, whole files, tried again when it fails. Archived logs are left out: a full copy has none of them. A small redis-server beside it answers the foreground.
/// </summary>
/// <param name="context">What every case has.</param>
/// <param name="network">Where it runs.</param>
/// <param name="mib">The payload.</param>
/// <param name="bytesPerSecond">--bwlimit; 0: none.</param>
internal sealed class RsyncPair(CaseContext context, LabNetwork network, int mib, long bytesPerSecond) : CopySystem(context, network, mib)
{
    private const int Port = 8730;
    private readonly RedisServerProcess foreground = new(network, LabNetwork.Primary, context.Directory);
    private readonly string target = Path.Combine(context.Directory, "rsync-target");
    private LabProcess? daemon;
    private LabProcess? client;
    private string source = "";

    public override RespServer Foreground => foreground.Server;

    protected override int? PrimaryPid => daemon is { HasEnded: false } running ? running.Pid : null;

    protected override int? ReplicaPid => client is { HasEnded: false } running ? running.Pid : null;

    public override async Task<bool> IsDoneAsync()
    {
        if (client is not { HasEnded: true } ended)
        {
            return false;
        }

        if (ended.ExitStatus == 0)
        {
            return true;
        }

        await OrderCopyAsync();
        return false;
    }

    public override Task KillReplicaAsync() => client!.KillAsync();

    public override Task RestartReplicaAsync() => OrderCopyAsync();

    public override Task KillPrimaryAsync() => daemon!.KillAsync();

    public override async Task RestartPrimaryAsync()
    {
        await daemon!.DisposeAsync();
        await StartDaemonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { client, daemon })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        await foreground.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async Task StartSidesAsync(int mib)
    {
        source = await Context.Images.GetAsync(mib, SluicePair.DefaultShards, Hosts);
        await foreground.StartAsync(Context.Cancellation);
        await foreground.Server.LoadAsync(0, Context.Cancellation);
        await StartDaemonAsync();
    }

    protected override async Task OrderCopyAsync()
    {
        if (client is not null)
        {
            await client.DisposeAsync();
        }

        Directory.CreateDirectory(target);
        string[] limit = bytesPerSecond > 0 ? [string.Create(CultureInfo.InvariantCulture, $"--bwlimit={bytesPerSecond / 1024}")] : [];
        client = LabProcess.Start(
            Network[LabNetwork.Replica], Path.Combine(Context.Directory, "rsync.log"), ["rsync", "-r", "--whole-file", "--exclude=archive/", .. limit, $"rsync://{Network.AddressOf(LabNetwork.Primary)}:{Port}/data/", target]);
    }

    private async Task StartDaemonAsync()
    {
        var configuration = Path.Combine(Context.Directory, "rsyncd.conf");
        await File.WriteAllTextAsync(configuration, $"uid = root\ngid = root\nuse chroot = no\n[data]\npath = {source}\nread only = yes\n");
        daemon = LabProcess.Start(
            Network[LabNetwork.Primary], Path.Combine(Context.Directory, "rsyncd.log"), "rsync", "--daemon", "--no-detach", $"--config={configuration}", $"--port={Port}", $"--address={Network.AddressOf(LabNetwork.Primary)}");
        await Context.UntilAsync("the rsync daemon listens", 10, async () =>
        {
            try
            {
                using var probe = await Network[LabNetwork.Primary].ConnectAsync(new(Network.AddressOf(LabNetwork.Primary), Port), Context.Cancellation);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        });
    }
}
