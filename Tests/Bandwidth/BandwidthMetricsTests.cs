using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Tests.House;

namespace Sluice.Tests.Bandwidth;

public sealed class BandwidthMetricsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Other tests' nodes have a meter of the same name.
    private readonly string node = $"node-{Guid.NewGuid():N}";
    private readonly BandwidthView view = new();
    private readonly AlertWebhook webhook;
    private readonly AlertDesk desk;
    private readonly BandwidthMetrics metrics;

    public BandwidthMetricsTests()
    {
        webhook = new AlertWebhook(new LiveConfiguration(), Options.Create(new NodeOptions { Name = node }), TimeProvider.System, NullLogger<AlertWebhook>.Instance);
        desk = new AlertDesk(webhook, NullLogger<AlertDesk>.Instance);
        metrics = new BandwidthMetrics(view, desk);
    }

    public void Dispose()
    {
        metrics.Dispose();
        webhook.Dispose();
    }

    [Fact]
    public void Links_flows_and_alerts_are_measured()
    {
        var flow = new FlowId(FlowKind.Snapshot, node, new ReplicaKey(3, "b"));
        var link = new LinkReport { Interface = "eth0", Direction = LinkDirection.Egress, ForegroundBytesPerSecond = 5, FlowBytesPerSecond = 7 };
        view.Reported(
            new NodeBandwidthReport
            {
                Node = node,
                Links = [link],
                Flows =
                [
                    new FlowReport
                    {
                        Flow = flow, BytesPerSecond = 2_000, SmoothedRtt = TimeSpan.FromMilliseconds(20), QueueDelay = TimeSpan.FromMilliseconds(5), RetransmittedBytes = 11, RemainingBytes = 8_000,
                    },
                ],
            },
            Now);
        view.Answered(
            new NodeGrants([new FlowGrant(flow, 3_000, "")], TimeSpan.FromSeconds(10))
            {
                Links = [new LinkStatus { Node = node, Link = link with { CapacityBytesPerSecond = 1_000, CapacitySource = CapacitySource.Estimated }, AllocatedBytesPerSecond = 900 }],
            },
            Now);
        desk.Update([new AlertCondition(AlertKind.GrantExpired, node, 1, 2, "")], Now);

        var measured = Measure();

        Assert.Equal(
            [
                ("sluice.alert.active", "{alert}", 1.0, $"sluice.alert.kind=GrantExpired sluice.alert.subject={node}"),
                ("sluice.flow.eta", "s", 4.0, Flow),
                ("sluice.flow.grant", "By/s", 3_000.0, Flow),
                ("sluice.flow.queue_delay", "s", 0.005, Flow),
                ("sluice.flow.rate", "By/s", 2_000.0, Flow),
                ("sluice.flow.remaining", "By", 8_000.0, Flow),
                ("sluice.flow.retransmitted", "By", 11.0, Flow),
                ("sluice.flow.round_trip_time", "s", 0.02, Flow),
                ("sluice.link.allocated", "By/s", 900.0, Link),
                ("sluice.link.capacity", "By/s", 1_000.0, Link),
                ("sluice.link.foreground", "By/s", 5.0, Link),
                ("sluice.link.used", "By/s", 7.0, Link),
            ],
            measured);
    }

    [Fact]
    public void The_number_of_flows_that_are_measured_is_bounded()
    {
        view.Reported(
            new NodeBandwidthReport { Node = node, Flows = [.. Enumerable.Range(0, 2_000).Select(shard => new FlowReport { Flow = new FlowId(FlowKind.Log, node, new ReplicaKey(shard, "b")), BytesPerSecond = 1 })] },
            Now);

        Assert.Equal(BandwidthMetrics.MostFlows, Measure().Count(found => found.Name == "sluice.flow.rate"));
    }

    [Fact]
    public void What_is_not_known_is_not_measured()
    {
        view.Reported(new NodeBandwidthReport { Node = node, Links = [new LinkReport { Interface = "eth0" }], Flows = [new FlowReport { Flow = new FlowId(FlowKind.Log, node, new ReplicaKey(1, "b")) }] }, Now);

        Assert.Equal(["sluice.flow.rate", "sluice.flow.retransmitted", "sluice.link.allocated", "sluice.link.foreground", "sluice.link.used"], Measure().Select(found => found.Name));
    }

    [Fact]
    public void Every_metric_has_a_row_in_the_docs()
    {
        var docs = SourceTree.Read("docs/operating.md");
        var instruments = new List<Instrument>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => Add(instruments, instrument) };
        listener.Start();
        _ = SluiceTelemetry.AlertsRaised;

        lock (instruments)
        {
            Assert.True(instruments.Count > 15, $"{instruments.Count} instruments");
            Assert.All(instruments, instrument => Assert.Contains($"| `{instrument.Name}` | {instrument.Unit} |", docs, StringComparison.Ordinal));
        }
    }

    private string Flow => $"sluice.flow.kind=snapshot sluice.source={node} sluice.node=b sluice.shard=3";

    private string Link => $"sluice.node={node} network.interface.name=eth0 network.io.direction=transmit";

    private static void Add(List<Instrument> instruments, Instrument instrument)
    {
        if (instrument.Meter.Name == SluiceTelemetry.Name)
        {
            lock (instruments)
            {
                instruments.Add(instrument);
            }
        }
    }

    private List<(string Name, string Unit, double Value, string Attributes)> Measure()
    {
        var measured = new List<(string Name, string Unit, double Value, string Attributes)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == SluiceTelemetry.Name && instrument.IsObservable)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. measured.OrderBy(found => found.Name, StringComparer.Ordinal)];

        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var attributes = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            if (attributes.Contains(node, StringComparison.Ordinal))
            {
                measured.Add((instrument.Name, instrument.Unit ?? "", value, attributes));
            }
        }
    }
}
