using System.Net;
using Sluice.Lab.Measuring;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Scenarios;

/// <summary>
/// The course of a case with one sender and one receiver, whoever they are: a network, a foreground client, a recorder, an idle time for comparison, then whatever the case does, and what follows from it.
/// </summary>
internal sealed class CopySession(CaseContext context, LabNetwork network) : IAsyncDisposable
{
    private Foreground? foreground;
    private Recorder? recorder;
    private long idleFrom;
    private long idleUntil;

    public CaseContext Context { get; } = context;

    public LabNetwork Network { get; } = network;

    /// <summary>When the copy was ordered.</summary>
    public long Start { get; private set; }

    /// <summary>When it was done; the same as <see cref="Start"/> before.</summary>
    public long End { get; private set; }

    private Recorder Recorder => recorder ?? throw new LabException("Nothing is recorded yet.");

    /// <summary>Starts the foreground and the recorder, and looks at the idle link for a time.</summary>
    /// <param name="server">The server that the foreground asks; null: there is no foreground.</param>
    /// <param name="primary">The sender's process.</param>
    /// <param name="replica">The receiver's process.</param>
    public async Task BeginAsync(IPEndPoint? server, Func<int?> primary, Func<int?> replica)
    {
        recorder = new Recorder(Network, primary, replica);
        if (server is null)
        {
            idleFrom = idleUntil = ForegroundClient.Now();
            return;
        }

        foreground = Foreground.Start(Network[LabNetwork.Replica], server, Context.Directory);
        await Context.PassAsync(2);
        idleFrom = ForegroundClient.Now();
        await Context.PassAsync(Context.IsQuick ? 5 : 10);
        idleUntil = ForegroundClient.Now();
    }

    /// <summary>The copy is ordered now.</summary>
    public void MarkStart() => Start = End = Recorder.Mark("copy ordered");

    /// <summary>The copy is done now.</summary>
    public void MarkEnd() => End = Recorder.Mark("done");

    /// <summary>Something is done now.</summary>
    public long Mark(string what) => Recorder.Mark(what);

    /// <summary>Bytes that the primary has sent since a time.</summary>
    public double SentSince(long at) => new Recording(Recorder.Samples, [], []).SentBetween(at, ForegroundClient.Now());

    /// <summary>Ends foreground and recorder; what they saw.</summary>
    public async Task<SessionRecording> FinishAsync()
    {
        await Context.PassAsync(1);
        var requests = foreground is null ? [] : await foreground.StopAsync();
        await Recorder.DisposeAsync();
        return new SessionRecording(new Recording(Recorder.Samples, requests, Recorder.Marks), idleFrom, idleUntil, Start, End);
    }

    public async ValueTask DisposeAsync()
    {
        if (foreground is not null)
        {
            await foreground.DisposeAsync();
        }

        if (recorder is not null)
        {
            await recorder.DisposeAsync();
        }
    }
}
