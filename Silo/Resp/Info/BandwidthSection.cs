using System.Collections.Immutable;
using System.Globalization;
using Sluice.Bandwidth;
using Sluice.Configuration;

namespace Sluice.Silo.Resp.Info;

/// <summary>
/// INFO bandwidth, which Redis has nothing of: this node's limits, its links, the flows that it sends or receives, and all alerts. Links and alerts of its own are told even while the broker can't be reached.
/// </summary>
internal sealed class BandwidthSection(LiveConfiguration configuration, INodeControl node, BandwidthView view) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "bandwidth";

    /// <inheritdoc/>
    public async ValueTask WriteAsync(InfoFields fields)
    {
        var status = await node.GetBandwidthAsync();
        fields
            .Add("throttle_bytes_per_second", configuration.ThrottleBytesPerSecond)
            .Add("sync_egress_bytes_per_second", configuration.SyncEgressBytesPerSecond)
            .Add("sync_floor_bytes_per_second", configuration.SyncFloorBytesPerSecond)
            .Add("sync_headroom_percent", configuration.Text(ConfigurationParameters.SyncHeadroom))
            .Add("target_queue_delay_ms", (long)configuration.TargetQueueDelay.TotalMilliseconds)
            .Add("max_concurrent_syncs", configuration.MaxConcurrentSyncs)
            .Add("broker", status is null ? "unreachable" : "ok");
        if (status is not null)
        {
            fields.Add("syncs_admitted", status.Admitted.Length).Add("syncs_queued", status.Queued.Length);
        }

        WriteLinks(fields, view.Links);
        WriteFlows(fields, status);
        WriteAlerts(fields, status?.Alerts ?? view.Report?.Alerts ?? []);
    }

    private static void WriteLinks(InfoFields fields, ImmutableArray<LinkStatus> links)
    {
        fields.Add("links", links.Length);
        for (var i = 0; i < links.Length; i++)
        {
            var (link, status) = (links[i].Link, links[i]);
            fields.Add($"link{i}", string.Create(CultureInfo.InvariantCulture, $"interface={link.Interface},direction={Word(link.Direction)},capacity={link.CapacityBytesPerSecond},known={Word(link.CapacitySource)},normal={link.NormalBytesPerSecond},foreground={link.ForegroundBytesPerSecond},allocated={status.AllocatedBytesPerSecond},used={link.FlowBytesPerSecond},carried={link.CarriedBytesPerSecond},flows={status.Flows}"));
        }
    }

    private void WriteFlows(InfoFields fields, BandwidthStatus? status)
    {
        var reports = status is not null ? status.Nodes.SelectMany(report => report.Flows).Where(IsMine) : view.Report?.Flows ?? [];
        var grants = (status?.Grants ?? []).DistinctBy(grant => grant.Flow).ToDictionary(grant => grant.Flow);
        var flows = reports.ToList();
        fields.Add("flows", flows.Count);
        for (var i = 0; i < flows.Count; i++)
        {
            var flow = flows[i];
            var grant = grants.GetValueOrDefault(flow.Flow);
            var eta = flow.TimeLeft() is { } left ? (long)left.TotalSeconds : -1;
            fields.Add($"flow{i}", string.Create(CultureInfo.InvariantCulture, $"id={flow.Flow},class={grant?.Class ?? flow.Class},sent={flow.SentBytes},rate={flow.BytesPerSecond},pacing={flow.PacingBytesPerSecond},share={grant?.BytesPerSecond ?? 0},limit={grant?.LimitBytesPerSecond ?? 0},srtt_us={Microseconds(flow.SmoothedRtt)},queue_delay_us={Microseconds(flow.QueueDelay)},retransmitted={flow.RetransmittedBytes},held_by={Word(flow.HeldBy)},remaining={flow.RemainingBytes},eta_seconds={eta}"));
        }
    }

    private static void WriteAlerts(InfoFields fields, ImmutableArray<BandwidthAlert> alerts)
    {
        fields.Add("alerts", alerts.Length);
        for (var i = 0; i < alerts.Length; i++)
        {
            var alert = alerts[i];
            fields.Add($"alert{i}", string.Create(CultureInfo.InvariantCulture, $"kind={alert.Kind},subject={alert.Subject},since={alert.Since.ToUnixTimeSeconds()},from={alert.FromBytesPerSecond},to={alert.ToBytesPerSecond},text={alert.Text}"));
        }
    }

    private bool IsMine(FlowReport flow) =>
        string.Equals(flow.Flow.Source, node.Name, StringComparison.Ordinal) || string.Equals(flow.Flow.Replica.Node, node.Name, StringComparison.Ordinal);

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
