using System.Globalization;
using Spectre.Console;

namespace Sluice.Cli.Rendering;

/// <summary>
/// Shows what the broker knows, in the order in which an operator asks: what is wrong, how full the links are, what each flow does and what holds it, who waits, what was ordered.
/// </summary>
internal sealed class BandwidthView(CommandOutput output, TimeProvider time)
{
    private const int BarWidth = 20;

    /// <summary>Of alerts of one kind, and of syncs that wait, so many are shown: a resync storm has hundreds.</summary>
    private const int Shown = 10;

    public void Show(BandwidthStatus status)
    {
        if (status.Nodes.IsEmpty)
        {
            output.Line("The broker has no report of any node yet: try again in a second.");
            return;
        }

        Alerts(status);
        Links(status);
        Nodes(status);
        Flows(status);
        Queue(status);
        Orders(status.Policy);
    }

    private void Alerts(BandwidthStatus status)
    {
        foreach (var kind in status.Alerts.GroupBy(alert => alert.Kind).OrderBy(kind => kind.Key))
        {
            // The queue below says the same of each.
            var shown = kind.Key == AlertKind.SyncQueued ? 1 : Shown;
            foreach (var alert in kind.OrderBy(alert => alert.Since).Take(shown))
            {
                Warning($"{alert.Kind} {alert.Subject}, for {Quantity.Time(time.GetUtcNow() - alert.Since)}: {alert.Text}");
            }

            if (kind.Count() > shown)
            {
                Warning($"{kind.Key}: {Quantity.Count(kind.Count() - shown)} more.");
            }
        }

        if (status.Policy.IsPaused)
        {
            Heading(status.Policy.PausedUntil is { } until
                ? $"All full copies are paused until {Quantity.Moment(until, time)}."
                : "All full copies are paused; 'sluice sync resume --all' lets them go on.");
        }
    }

    private void Links(BandwidthStatus status)
    {
        // An interface that nothing is known of and that nothing uses is on every machine.
        var links = status.Links.Where(link => link.Flows > 0 || link.Link is { CapacityBytesPerSecond: > 0 } or { FlowBytesPerSecond: > 0 } or { ForegroundBytesPerSecond: > 0 }).ToList();
        if (links.Count == 0)
        {
            return;
        }

        string[] headings = ["Link", "Capacity", "Known by", .. output.IsTerminal ? ["Copies and others"] : Array.Empty<string>(), "Copies", "Others", "Copies may", "Flows"];
        output.Table(headings, links.OrderBy(link => link.Node, StringComparer.Ordinal).ThenBy(link => link.Link.Interface, StringComparer.Ordinal).ThenBy(link => link.Link.Direction).Select(link => (IReadOnlyList<string>)
        [
            $"{link.Node} {link.Link.Interface} {(link.Link.Direction == LinkDirection.Egress ? "out" : "in")}",
            link.Link.CapacityBytesPerSecond == 0 ? "not known" : Quantity.Rate(link.Link.CapacityBytesPerSecond),
            link.Link.CapacitySource.ToString().ToLowerInvariant(),
            .. output.IsTerminal ? [Bar(link.Link)] : Array.Empty<string>(),
            Quantity.Rate(link.Link.FlowBytesPerSecond),
            Quantity.Rate(link.Link.ForegroundBytesPerSecond),
            link.AvailableBytesPerSecond == 0 ? "-" : Quantity.Rate(link.AvailableBytesPerSecond),
            Quantity.Count(link.Flows),
        ]));
    }

    /// <summary>How full a link is: copies, then others, then what is free.</summary>
    private static string Bar(LinkReport link)
    {
        if (link.CapacityBytesPerSecond == 0)
        {
            return "";
        }

        var copies = Cells(link.FlowBytesPerSecond, link.CapacityBytesPerSecond, BarWidth);
        var others = Cells(link.ForegroundBytesPerSecond, link.CapacityBytesPerSecond, BarWidth - copies);
        var used = (double)(link.FlowBytesPerSecond + link.ForegroundBytesPerSecond) / link.CapacityBytesPerSecond;
        return $"{new string('█', copies)}{new string('▒', others)}{new string('·', BarWidth - copies - others)} {Quantity.Share(Math.Min(1, used)),5}";
    }

    // What flows at all is seen, be it ever so little.
    private static int Cells(long rate, long capacity, int room) => rate <= 0 ? 0 : Math.Clamp((int)Math.Round((double)rate / capacity * BarWidth), Math.Min(1, room), room);

    private void Nodes(BandwidthStatus status) => output.Table(
        ["Node", "Receives at most", "Sends at most", "Syncs at once", "Left free", "Floor", "Sends now"],
        status.Nodes.OrderBy(node => node.Node, StringComparer.Ordinal).Select(node => (IReadOnlyList<string>)
        [
            node.Node, Quantity.Limit(node.IngressLimit), Quantity.Limit(node.EgressLimit), Quantity.Count(node.MaxConcurrentSyncs),
            Quantity.Headroom(node.HeadroomPercent), Quantity.Rate(node.FloorBytesPerSecond), Quantity.Rate(node.Flows.Sum(flow => flow.BytesPerSecond)),
        ]));

    private void Flows(BandwidthStatus status)
    {
        var flows = status.Nodes.SelectMany(node => node.Flows).OrderBy(flow => flow.Flow.Replica.Node, StringComparer.Ordinal).ThenBy(flow => flow.Flow.Replica.Shard).ToList();
        var copies = flows.Where(flow => flow.Flow.Kind != FlowKind.Log).ToList();
        if (copies.Count > 0)
        {
            output.Table(["Flow", "Class", "Rate", "May send", "Held by", "RTT + queue", "Left", "ETA", "Why"], copies.Select(flow => Row(flow, status.Grants.FirstOrDefault(grant => grant.Flow == flow.Flow))));
        }

        // Every live replica has one, and most are idle: a row for each would hide the copies.
        var logs = flows.Where(flow => flow.Flow.Kind == FlowKind.Log).GroupBy(flow => (flow.Flow.Source, flow.Flow.Replica.Node)).ToList();
        if (logs.Count > 0)
        {
            output.Table(["Log streams", "Shards", "Rate", "Longest queue"], logs.Select(pair => (IReadOnlyList<string>)
            [
                $"{pair.Key.Source} -> {pair.Key.Node}", Quantity.Count(pair.Count()), Quantity.Rate(pair.Sum(flow => flow.BytesPerSecond)), Quantity.Milliseconds(pair.Max(flow => flow.QueueDelay)),
            ]));
        }
    }

    private string[] Row(FlowReport flow, FlowGrant? grant) =>
    [
        flow.Flow.ToString(),
        grant is { Class.Length: > 0 } ? grant.Class : flow.Class,
        Quantity.Rate(flow.BytesPerSecond),
        grant is null ? "none yet"
            : grant.IsPaused ? grant.PausedUntil is { } until ? $"paused until {Quantity.Moment(until, time)}" : "paused"
            : grant.Ceiling() == 0 ? "what it finds" : $"{(grant.IsEstimated ? "~" : "")}{Quantity.Rate(grant.Ceiling())}",
        flow.HeldBy == FlowHold.None ? "-" : flow.HeldBy.ToString().ToLowerInvariant(),
        flow.SmoothedRtt == TimeSpan.Zero ? "-" : $"{Quantity.Milliseconds(flow.BaseRtt)} + {Quantity.Milliseconds(flow.QueueDelay)}",
        flow.RemainingBytes < 0 ? "-" : Quantity.Bytes(flow.RemainingBytes),
        Quantity.Time(flow.TimeLeft()),
        grant?.Reason ?? "",
    ];

    private void Queue(BandwidthStatus status)
    {
        output.Line($"Full copies: {status.Admitted.Length} under way, {status.Queued.Length} waiting{(status.Queued.IsEmpty || !status.Queue.IsEmpty ? "" : $" ({string.Join(", ", status.Queued)})")}.");
        if (!status.Queue.IsEmpty)
        {
            output.Table(["Place", "Replica", "From", "Class", "Waits for", "Why"], status.Queue.Take(Shown).Select(sync => (IReadOnlyList<string>)
            [
                Quantity.Count(sync.Place), sync.Replica.ToString(), sync.Source, sync.Class, Quantity.Time(time.GetUtcNow() - sync.Since), sync.Reason,
            ]));
        }

        if (status.Queue.Length > Shown)
        {
            output.Line($"... and {Quantity.Count(status.Queue.Length - Shown)} more.");
        }
    }

    private void Orders(BandwidthPolicy policy)
    {
        if (!policy.Classes.IsEmpty)
        {
            output.Line($"Classes changed: {string.Join("; ", policy.Classes.Select(terms => string.Create(CultureInfo.InvariantCulture, $"{terms.Name} reserves {(terms.ReservationBytesPerSecond == 0 ? "nothing" : Quantity.Rate(terms.ReservationBytesPerSecond))}, {Quantity.Limit(terms.LimitBytesPerSecond)}, weight {terms.Weight}")))}.");
        }

        foreach (var sync in policy.Syncs)
        {
            var words = new[]
            {
                sync.Class.Length > 0 ? $"class {sync.Class}" : "",
                sync.LimitBytesPerSecond > 0 ? $"at most {Quantity.Rate(sync.LimitBytesPerSecond)}" : "",
                !sync.IsPaused ? "" : sync.PausedUntil is { } until ? $"paused until {Quantity.Moment(until, time)}" : "paused",
            };
            output.Line($"Ordered for {sync.Replica}: {string.Join(", ", words.Where(word => word.Length > 0))}.");
        }
    }

    private void Warning(string text)
    {
        if (output.IsTerminal)
        {
            output.Ansi.MarkupLine($"[red bold]![/] [red]{Markup.Escape(text)}[/]");
        }
        else
        {
            output.Line($"! {text}");
        }
    }

    private void Heading(string text)
    {
        if (output.IsTerminal)
        {
            output.Ansi.MarkupLine($"[yellow bold]{Markup.Escape(text)}[/]");
        }
        else
        {
            output.Line(text);
        }
    }
}
