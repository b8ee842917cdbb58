using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>
/// What copies a payload from <c>prim</c> to <c>repl</c>: Sluice or one of its peers. A scenario orders, watches and disturbs it without knowing which it is.
/// </summary>
internal abstract class CopySystem(CaseContext context, LabNetwork network, int mib) : IAsyncDisposable
{
    /// <summary>The hosts of every pair.</summary>
    public static readonly string[] Hosts = [LabNetwork.Primary, LabNetwork.Replica];

    private const int BytesPerMiB = 1024 * 1024;

    public CaseContext Context { get; } = context;

    public LabNetwork Network { get; } = network;

    public CopySession Session { get; } = new(context, network);

    /// <summary>Bytes of all values.</summary>
    public long PayloadBytes { get; } = (long)mib * BytesPerMiB;

    /// <summary>The server that foreground and writers ask.</summary>
    public abstract RespServer Foreground { get; }

    /// <summary>The sender's process; null while there is none.</summary>
    protected abstract int? PrimaryPid { get; }

    /// <summary>The receiver's process; null while there is none.</summary>
    protected abstract int? ReplicaPid { get; }

    /// <summary>Starts both sides, with the payload at the primary, and looks at the idle link.</summary>
    /// <param name="measuresForeground">There is a foreground, and an idle time before the copy.</param>
    public async Task StartAsync(bool measuresForeground = true)
    {
        await StartSidesAsync((int)(PayloadBytes / BytesPerMiB));
        await Session.BeginAsync(measuresForeground ? Foreground.EndPoint : null, () => PrimaryPid, () => ReplicaPid);
    }

    /// <summary>Orders the copy; its time counts from here.</summary>
    public Task OrderAsync()
    {
        Session.MarkStart();
        return OrderCopyAsync();
    }

    /// <summary>Waits until the copy is done; its time counts until then.</summary>
    /// <exception cref="LabException">It is not by then.</exception>
    public async Task DoneAsync(double boundSeconds)
    {
        await Context.UntilAsync("the copy is done", boundSeconds, IsDoneAsync);
        Session.MarkEnd();
    }

    /// <summary>Waits until so much of the payload has been on the wire.</summary>
    /// <exception cref="LabException">It has not by then.</exception>
    public Task UntilSentAsync(double part, double boundSeconds) =>
        Context.UntilAsync($"{part * 100:0} % of the payload sent", boundSeconds, async () => await IsDoneAsync() || Session.SentSince(Session.Start) >= part * PayloadBytes);

    /// <summary>Whether the replica has all that the primary has.</summary>
    public abstract Task<bool> IsDoneAsync();

    /// <summary>kill -9 of the receiver.</summary>
    public abstract Task KillReplicaAsync();

    /// <summary>Starts the receiver again, as an operator would.</summary>
    public abstract Task RestartReplicaAsync();

    /// <summary>kill -9 of the sender.</summary>
    public abstract Task KillPrimaryAsync();

    /// <summary>Starts the sender again.</summary>
    public abstract Task RestartPrimaryAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Network.DisposeAsync();
    }

    protected abstract Task StartSidesAsync(int mib);

    protected abstract Task OrderCopyAsync();
}
