using System.Diagnostics.Metrics;

namespace Sluice.Bandwidth;

/// <summary>
/// One node's links, flows and alerts as metrics of the Meter <c>Sluice</c>. Units are UCUM's; names and common attributes follow OpenTelemetry's semantic conventions. A node tells of its own links and of the flows
/// that it sends, at most <see cref="MostFlows"/> of them, so that the number of time series stays bounded.
/// </summary>
internal sealed class BandwidthMetrics : IDisposable
{
    /// <summary>Flows beyond this number are left out, the same ones each time.</summary>
    public const int MostFlows = 1_000;

    private readonly Meter meter = new(SluiceTelemetry.Name);
    private readonly BandwidthView view;
    private readonly AlertDesk alerts;

    public BandwidthMetrics(BandwidthView view, AlertDesk alerts)
    {
        this.view = view;
        this.alerts = alerts;
        Link("sluice.link.capacity", "What the link can carry, as far as it is known", static link => link.Link.CapacityBytesPerSecond is > 0 and var capacity ? capacity : null);
        Link("sluice.link.foreground", "What the link carries besides flows, smoothed with peak hold", static link => link.Link.ForegroundBytesPerSecond);
        Link("sluice.link.allocated", "The sum of the shares of the link's flows", static link => link.AllocatedBytesPerSecond);
        Link("sluice.link.used", "What flows take of the link", static link => link.Link.FlowBytesPerSecond);
        Flow("sluice.flow.rate", "By/s", "What the flow sends", static (flow, _) => flow.BytesPerSecond);
        Flow("sluice.flow.grant", "By/s", "What the flow may send by its share and its limit", static (_, grant) => grant?.Ceiling() is > 0 and var ceiling ? ceiling : null);
        Flow("sluice.flow.round_trip_time", "s", "TCP's smoothed round trip time", static (flow, _) => Seconds(flow.SmoothedRtt));
        Flow("sluice.flow.queue_delay", "s", "What queues add to the round trip time", static (flow, _) => flow.SmoothedRtt > TimeSpan.Zero ? flow.QueueDelay.TotalSeconds : null);
        Flow("sluice.flow.remaining", "By", "Payload that is still to be sent", static (flow, _) => flow.RemainingBytes >= 0 ? flow.RemainingBytes : null);
        Flow("sluice.flow.eta", "s", "Time until all is sent at the present rate", static (flow, _) => flow.TimeLeft()?.TotalSeconds);
        meter.CreateObservableCounter("sluice.flow.retransmitted", () => Flows(static (flow, _) => flow.RetransmittedBytes), "By", "Bytes that were sent more than once");
        meter.CreateObservableUpDownCounter("sluice.alert.active", Alerts, "{alert}", "Alerts that are raised");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private static double? Seconds(TimeSpan time) => time > TimeSpan.Zero ? time.TotalSeconds : null;

    private void Link(string name, string description, Func<LinkStatus, long?> read) => meter.CreateObservableGauge(name, () => Links(read), "By/s", description);

    private void Flow(string name, string unit, string description, Func<FlowReport, FlowGrant?, double?> read) =>
        meter.CreateObservableGauge(name, () => Flows(read), unit, description);

    private IEnumerable<Measurement<long>> Links(Func<LinkStatus, long?> read) =>
        from link in view.Links
        let value = read(link)
        where value is not null
        select new Measurement<long>(
            value.Value,
            new("sluice.node", link.Node),
            new("network.interface.name", link.Link.Interface),
            new("network.io.direction", link.Link.Direction == LinkDirection.Egress ? "transmit" : "receive"));

    private IEnumerable<Measurement<double>> Flows(Func<FlowReport, FlowGrant?, double?> read)
    {
        var grants = (view.Grants?.Grants ?? []).DistinctBy(grant => grant.Flow).ToDictionary(grant => grant.Flow);
        return
            from flow in (view.Report?.Flows ?? []).DistinctBy(flow => flow.Flow).OrderBy(flow => flow.Flow.Replica.Node, StringComparer.Ordinal).ThenBy(flow => flow.Flow.Replica.Shard).ThenBy(flow => flow.Flow.Kind).Take(MostFlows)
            let value = read(flow, grants.GetValueOrDefault(flow.Flow))
            where value is not null
            select new Measurement<double>(
                value.Value,
                new("sluice.flow.kind", flow.Flow.Kind.ToString().ToLowerInvariant()),
                new("sluice.source", flow.Flow.Source),
                new("sluice.node", flow.Flow.Replica.Node),
                new("sluice.shard", flow.Flow.Replica.Shard));
    }

    private IEnumerable<Measurement<long>> Alerts() =>
        alerts.Raised.Select(alert => new Measurement<long>(1, new("sluice.alert.kind", alert.Kind.ToString()), new("sluice.alert.subject", alert.Subject)));
}
