using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>Two nodes of Sluice: <c>prim</c> has the payload, <c>repl</c> is empty.</summary>
internal sealed class SluicePair(CaseContext context, LabNetwork network, int mib, int shards = SluicePair.DefaultShards) : CopySystem(context, network, mib)
{
    /// <summary>What a cluster has by default.</summary>
    public const int DefaultShards = 16;

    // Events of a replica's log that tell of a connection that was lost or an attempt that failed.
    private static readonly string[] RestartEvents = ["[4103]", "[4302]"];

    public SluiceNode Primary { get; } = new(network, LabNetwork.Primary, Hosts, context.Directory, shards);

    public SluiceNode Replica { get; } = new(network, LabNetwork.Replica, Hosts, context.Directory, shards);

    public override RespServer Foreground => Primary.Server;

    protected override int? PrimaryPid => Primary.Pid;

    protected override int? ReplicaPid => Replica.Pid;

    public override async Task<bool> IsDoneAsync() => (await Replica.Server.InfoAsync("replication", Context.Cancellation)).GetValueOrDefault("master_link_status") == "up";

    /// <summary>Changes a parameter of both nodes.</summary>
    public async Task ConfigureAsync(string parameter, string value)
    {
        await Primary.Server.CallAsync($"CONFIG SET {parameter} {value}", Context.Cancellation);
        await Replica.Server.CallAsync($"CONFIG SET {parameter} {value}", Context.Cancellation);
    }

    public override Task KillReplicaAsync() => Replica.KillAsync();

    public override Task RestartReplicaAsync() => Replica.StartAsync(Context.Cancellation);

    public override Task KillPrimaryAsync() => Primary.KillAsync();

    public override Task RestartPrimaryAsync() => Primary.StartAsync(Context.Cancellation);

    /// <summary>No connection was lost and no attempt failed, by the replica's log.</summary>
    public Bound NoRestart() => new("timeouts and restarts", File.ReadLines(Replica.Log).Count(line => RestartEvents.Any(line.Contains)), BoundKind.AtMost, 0, "");

    /// <summary>How many lines of both logs contain one of these.</summary>
    public int LogLines(params string[] words) => new[] { Primary, Replica }.Sum(node => File.ReadLines(node.Log).Count(line => words.Any(word => line.Contains(word, StringComparison.Ordinal))));

    /// <summary>Both nodes hold the same.</summary>
    public async Task<Bound> EqualAsync()
    {
        var (status, output, errors) = await Primary.TrySluiceAsync("digest");
        var isComparison = output.Contains("\"equal\"", StringComparison.Ordinal);
        return isComparison ? new Bound("replica equal to primary (1: yes)", status == 0 ? 1 : 0, BoundKind.AtLeast, 1, "") : throw new LabException($"sluice digest failed: {errors}{output}");
    }

    public override async ValueTask DisposeAsync()
    {
        await Replica.DisposeAsync();
        await Primary.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async Task StartSidesAsync(int mib)
    {
        await Context.Images.PlaceAsync(mib, shards, Hosts, Context.Directory);
        await Primary.StartAsync(Context.Cancellation);
        await Replica.StartAsync(Context.Cancellation);
    }

    protected override Task OrderCopyAsync() => Replica.Server.CallAsync($"REPLICAOF {Network.AddressOf(LabNetwork.Primary)} {SluiceNode.Port}", Context.Cancellation);
}
