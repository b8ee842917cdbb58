using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Configuration;

namespace Sluice.Bandwidth;

/// <summary>
/// This node's side of the broker. Once an interval, and at once when a flow comes or goes or a limit is changed, it reports all flows that the node sends and the node's limits, and
/// lets the flows send as <see cref="NodeAllowances"/> makes of the answer. Without an answer a flow keeps its last grant until that expires and then falls to its floor, never to zero, never to "unlimited".
/// </summary>
internal sealed partial class BandwidthAgent : BackgroundService
{
    // A throttle that the receiver changes reaches the sender with the sender's next report: well within the promised second.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // With nothing under way a report only tells the limits; the broker forgets a node after three seconds.
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(1);

    // A node that receives a copy reports as often as one that sends: its ingress is estimated from its own counters. The heartbeats of live replicas are no copy.
    private const long Idle = 64 << 10;

    // A broker's silo that has just died answers nothing at all: grants must be seen to expire meanwhile, and the next report goes to the new one.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly BandwidthPolicy NoPolicy = new();

    private readonly FlowTable flows;
    private readonly GrantTable grants;
    private readonly LinkMonitor monitor;
    private readonly BandwidthView view;
    private readonly AlertDesk alerts;
    private readonly KnownPolicy policy;
    private readonly LiveConfiguration configuration;
    private readonly IGrainFactory grains;
    private readonly string node;
    private readonly TimeProvider time;
    private readonly ILogger<BandwidthAgent> logger;
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<Flow, (long Sent, DateTimeOffset At)> last = [];
    private TimeSpan next = Interval;
    private long sequence;
    private long brokersPolicy = long.MaxValue;
    private bool answered = true;

    public BandwidthAgent(
        FlowTable flows,
        GrantTable grants,
        LinkMonitor monitor,
        BandwidthView view,
        AlertDesk alerts,
        KnownPolicy policy,
        LiveConfiguration configuration,
        IGrainFactory grains,
        IOptions<NodeOptions> options,
        TimeProvider time,
        ILogger<BandwidthAgent> logger)
    {
        this.monitor = monitor;
        this.view = view;
        this.alerts = alerts;
        this.flows = flows;
        this.grants = grants;
        this.policy = policy;
        this.configuration = configuration;
        this.grains = grains;
        this.time = time;
        this.logger = logger;
        node = options.Value.Name;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        void Wake() => wake.Writer.TryWrite(true);
        void ConfigurationChanged(string name) => Wake();
        flows.Changed += Wake;
        configuration.Changed += ConfigurationChanged;
        try
        {
            while (true)
            {
                await RoundAsync();
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var woken = wake.Reader.WaitToReadAsync(waiting.Token).AsTask();
                await Task.WhenAny(woken, Task.Delay(next, time, waiting.Token));
                await waiting.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
                wake.Reader.TryRead(out _);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
        finally
        {
            flows.Changed -= Wake;
            configuration.Changed -= ConfigurationChanged;
        }
    }

    private async Task RoundAsync()
    {
        var open = flows.Flows.ToImmutableArray();
        var report = Report(open);
        view.Reported(report, time.GetUtcNow());
        next = open.IsEmpty && report.Links.All(link => link.FlowBytesPerSecond < Idle) ? IdleInterval : Interval;
        try
        {
            var answer = await grains.GetGrain<IBandwidthBrokerGrain>(0).Report(report).WaitAsync(Patience, time);
            var now = time.GetUtcNow();
            grants.Update(answer, now);
            view.Answered(answer, now);
            if (answer.Policy is { } newer)
            {
                policy.Adopt(newer);
            }

            brokersPolicy = answer.PolicyVersion;
            next = answer.ReportAfter > TimeSpan.Zero && answer.ReportAfter < next ? answer.ReportAfter : next;
            if (!answered)
            {
                answered = true;
                LogBrokerBack();
            }
        }
        catch (Exception error)
        {
            if (answered)
            {
                answered = false;
                LogNoBroker(PeerError.Unexpected(error), error.Message);
            }
        }

        Apply(report, open);
    }

    private void Apply(NodeBandwidthReport report, ImmutableArray<Flow> open)
    {
        var now = time.GetUtcNow();
        var local = open.Select(flow => new LocalFlow(flow.Id, flow.Class, LinkTable.InterfaceTo(report, flow.Id.Replica.Node), grants.Find(flow.Id, now))).ToList();
        var allowances = NodeAllowances.Of(local, report, policy.Current ?? NoPolicy, now);
        foreach (var (place, flow) in open.Index())
        {
            flow.Allow(allowances[place]);
        }
    }

    private NodeBandwidthReport Report(ImmutableArray<Flow> open)
    {
        var now = time.GetUtcNow();
        foreach (var gone in last.Keys.Except(open).ToList())
        {
            last.Remove(gone);
        }

        var (links, routes) = monitor.Look();
        // The clock's microseconds rise over restarts too; a clock that is set back must not make the broker believe that this report is old.
        sequence = Math.Max(sequence + 1, now.Ticks / TimeSpan.TicksPerMicrosecond);
        var known = policy.Current;
        return new NodeBandwidthReport
        {
            Node = node,
            Sequence = sequence,
            IngressLimit = configuration.ThrottleBytesPerSecond,
            EgressLimit = configuration.SyncEgressBytesPerSecond,
            MaxConcurrentSyncs = configuration.MaxConcurrentSyncs,
            HeadroomPercent = configuration.SyncHeadroomPercent,
            FloorBytesPerSecond = configuration.SyncFloorBytesPerSecond,
            PolicyVersion = known?.Version ?? -1,
            Policy = known is not null && known.Version > brokersPolicy ? known : null,
            Flows = [.. open.Select(flow => Report(flow, routes, now))],
            Links = links,
            Routes = routes,
            Alerts = alerts.OfNode,
        };
    }

    private FlowReport Report(Flow flow, ImmutableArray<PeerRoute> routes, DateTimeOffset now)
    {
        var sent = flow.SentBytes;
        var seconds = last.TryGetValue(flow, out var before) ? (now - before.At).TotalSeconds : 0;
        var rate = seconds > 0 ? (long)((sent - before.Sent) / seconds * WireHeaders.UsualFactor) : 0;
        last[flow] = (sent, now);
        var path = flow.Path;
        var grant = grants.Find(flow.Id, now) is { IsPaused: false } inForce ? inForce : null;
        var probe = flow.TakeProbe();
        return new FlowReport
        {
            ProvedBytesPerSecond = probe.ProvedBytesPerSecond,
            ProbeMetQueue = probe.MetQueue,
            ControllerBytesPerSecond = path.BytesPerSecond,
            HeldBy = flow.HeldBy,
            DeliveryBytesPerSecond = flow.TakePeakDelivery(),
            IsNetworkLimited = path.IsNetworkLimited,
            SmoothedRtt = path.SmoothedRtt,
            BaseRtt = path.BaseRtt,
            QueueDelay = path.QueueDelay,
            RetransmittedBytes = path.RetransmittedBytes,
            RemainingBytes = flow.RemainingBytes,
            Flow = flow.Id,
            Class = flow.Class,
            SentBytes = sent,
            BytesPerSecond = rate,
            PacingBytesPerSecond = flow.PacingBytesPerSecond,
            ShareInForce = grant?.BytesPerSecond ?? 0,
            LimitInForce = grant?.LimitBytesPerSecond ?? 0,
            Interface = routes.FirstOrDefault(route => string.Equals(route.Node, flow.Id.Replica.Node, StringComparison.Ordinal))?.Interface ?? "",
        };
    }

    [LoggerMessage(3001, LogLevel.Warning, "The bandwidth broker does not answer: flows keep their last grant until it expires, then their floor: {Reason}")]
    private partial void LogNoBroker(Exception? unexpected, string reason);

    [LoggerMessage(3002, LogLevel.Information, "The bandwidth broker answers again")]
    private partial void LogBrokerBack();
}
