using System.Net.Sockets;
using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;

namespace Sluice.Replication;

/// <summary>Runs a flow's rate controller: samples the path as often as the controller asks for, and hands what it decides to the flow.</summary>
internal sealed class RateControlLoop
{
    // A log is what keeps a replica live, and seldom much: it may hold its rate where a copy beside it on the same link has long given way. That is all its precedence needs.
    private const double LogPatience = 2;

    private readonly FrameConnection connection;
    private readonly Flow flow;
    private readonly PacedSender sender;
    private readonly Func<bool, TimeSpan> target;
    private readonly TimeProvider time;
    private readonly DelayBasedRateController controller;
    private TimeSpan receiverLimited;
    private TimeSpan sampledAt;

    /// <summary>Makes a loop for one connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="flow">Its flow.</param>
    /// <param name="sender">Knows what was acknowledged in frames, where TCP_INFO is not to be had.</param>
    /// <param name="target">The target queue delay, by whether the flow has a share of a known capacity; it may change while the flow runs.</param>
    /// <param name="time">The clock.</param>
    public RateControlLoop(FrameConnection connection, Flow flow, PacedSender sender, Func<bool, TimeSpan> target, TimeProvider time)
    {
        this.connection = connection;
        this.flow = flow;
        this.sender = sender;
        this.target = target;
        this.time = time;
        controller = new DelayBasedRateController(Target, new Random(flow.Id.GetHashCode()));
    }

    private TimeSpan Target => target(flow.Allowance.ShareBytesPerSecond > 0) * (flow.Id.Kind == FlowKind.Log ? LogPatience : 1);

    /// <summary>Runs until it is cancelled, or the connection has ended.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && Sample() is { } sample)
        {
            controller.TargetQueueDelay = Target;
            var decision = controller.Update(sample, flow.Allowance);
            flow.Control(decision);
            await Task.Delay(decision.NextSample, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Null: the connection closes just now.
    private PathSample? Sample()
    {
        try
        {
            var figures = ReplicationSocket.Figures(connection.Socket);
            var now = connection.Now;
            return figures.IsKnown ? FromKernel(figures, now) : sender.SampleOfFrames(now);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private PathSample FromKernel(in TcpFigures figures, TimeSpan now)
    {
        var closed = figures.ReceiverLimited - receiverLimited;
        var isReceiverLimited = closed > 0.2 * (now - sampledAt);
        (receiverLimited, sampledAt) = (figures.ReceiverLimited, now);
        return new PathSample
        {
            At = now,
            Rtt = figures.RoundTripTime,
            RttVariation = figures.RoundTripVariation,
            MinRtt = figures.MinRoundTripTime,
            AckedBytes = figures.AckedBytes * sender.WireFactor,
            SentBytes = (figures.SentBytes - figures.RetransmittedBytes) * sender.WireFactor,
            RetransmittedBytes = figures.RetransmittedBytes * sender.WireFactor,
            HeldBack = sender.HeldBack,
            IsReceiverLimited = isReceiverLimited,
        };
    }
}
