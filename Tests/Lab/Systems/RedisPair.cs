using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>Two redis-servers with Redis' own full copy: over a file on the primary's disk, or straight from memory.</summary>
internal sealed class RedisPair(CaseContext context, LabNetwork network, int mib, bool isDiskless) : CopySystem(context, network, mib)
{
    private readonly RedisServerProcess primary = new(network, LabNetwork.Primary, context.Directory, "--repl-diskless-sync", isDiskless ? "yes" : "no", "--repl-diskless-sync-delay", "0");
    private readonly RedisServerProcess replica = new(network, LabNetwork.Replica, context.Directory);

    public override RespServer Foreground => primary.Server;

    protected override int? PrimaryPid => primary.Pid;

    protected override int? ReplicaPid => replica.Pid;

    public override async Task<bool> IsDoneAsync() => (await replica.Server.InfoAsync("replication", Context.Cancellation)).GetValueOrDefault("master_link_status") == "up";

    public override Task KillReplicaAsync() => replica.KillAsync();

    // Redis keeps the order in its configuration file, which there is none of here.
    public override async Task RestartReplicaAsync()
    {
        await replica.StartAsync(Context.Cancellation);
        await OrderCopyAsync();
    }

    public override Task KillPrimaryAsync() => primary.KillAsync();

    public override Task RestartPrimaryAsync() => primary.StartAsync(Context.Cancellation);

    public override async ValueTask DisposeAsync()
    {
        await replica.DisposeAsync();
        await primary.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async Task StartSidesAsync(int mib)
    {
        await primary.StartAsync(Context.Cancellation);
        await primary.Server.LoadAsync(mib, Context.Cancellation);

        // What a primary that is started anew begins with.
        await primary.Server.CallAsync("SAVE", Context.Cancellation);
        await replica.StartAsync(Context.Cancellation);
    }

    protected override Task OrderCopyAsync() => replica.Server.CallAsync($"REPLICAOF {Network.AddressOf(LabNetwork.Primary)} {RedisServerProcess.Port}", Context.Cancellation);
}
