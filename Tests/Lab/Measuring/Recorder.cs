using Sluice.Lab.Network;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Measuring;

/// <summary>What the recorder saw at one moment.</summary>
/// <param name="At">Nanoseconds of the machine's clock.</param>
/// <param name="Sent">Bytes that the primary's interface has sent.</param>
/// <param name="Received">Bytes that the replica's interface has received.</param>
/// <param name="Primary">The primary's process.</param>
/// <param name="Replica">The replica's process.</param>
internal sealed record Sample(long At, long Sent, long Received, ProcessUsage Primary, ProcessUsage Replica);

/// <summary>Looks at interfaces and processes from outside, several times a second.</summary>
internal sealed class Recorder : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly LabNetwork network;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Sample> samples = [];
    private readonly List<(long At, string What)> marks = [];
    private readonly Task work;
    private ProcessUsage primaryBefore;
    private ProcessUsage replicaBefore;

    /// <summary>Begins at once.</summary>
    public Recorder(LabNetwork network, Func<int?> primary, Func<int?> replica)
    {
        this.network = network;
        work = Task.Run(() => RunAsync(primary, replica, stopping.Token));
    }

    /// <summary>What was seen so far.</summary>
    public IReadOnlyList<Sample> Samples
    {
        get
        {
            lock (samples)
            {
                return [.. samples];
            }
        }
    }

    /// <summary>What was done, and when.</summary>
    public IReadOnlyList<(long At, string What)> Marks
    {
        get
        {
            lock (samples)
            {
                return [.. marks];
            }
        }
    }

    /// <summary>Notes that something was done; gives the time.</summary>
    public long Mark(string what)
    {
        var now = ForegroundClient.Now();
        lock (samples)
        {
            marks.Add((now, what));
        }

        return now;
    }

    public async ValueTask DisposeAsync()
    {
        // Once to end it, and once more when the session goes.
        if (!work.IsCompleted)
        {
            await stopping.CancelAsync();
            await work;
            stopping.Dispose();
        }
    }

    private async Task RunAsync(Func<int?> primary, Func<int?> replica, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        do
        {
            primaryBefore = Look(primary(), primaryBefore);
            replicaBefore = Look(replica(), replicaBefore);
            var sent = (await network[LabNetwork.Primary].ReadBytesAsync(LabNetwork.Interface)).Sent;
            var received = (await network[LabNetwork.Replica].ReadBytesAsync(LabNetwork.Interface)).Received;
            lock (samples)
            {
                samples.Add(new Sample(ForegroundClient.Now(), sent, received, primaryBefore, replicaBefore));
            }
        }
        while (await NextAsync(timer, cancellationToken));
    }

    // What has ended keeps its processor time, so that a sum over a restart counts it.
    private static ProcessUsage Look(int? pid, ProcessUsage before)
    {
        var usage = pid is { } id ? ProcessUsage.OfTree(id) : default;
        return usage.CpuSeconds > 0 ? usage : new ProcessUsage(0, before.CpuSeconds);
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
