using System.CommandLine;
using System.Globalization;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class BandwidthCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global) => new("bandwidth", "Shows and limits the bandwidth of copies")
    {
        Show(environment, global),
        Limit(environment, global),
    };

    private static Command Show(CommandEnvironment environment, GlobalOptions global) =>
        new Command("show", "Shows the nodes' limits, all flows with rate and grant, and the syncs that wait")
            .Does(environment, global, async (_, client, json, cancellationToken) =>
            {
                var status = await client.Bandwidth.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(status);
                    return 0;
                }

                if (status.Nodes.IsEmpty)
                {
                    environment.Output.Line("The broker has no report of any node yet: try again in a second.");
                    return 0;
                }

                environment.Output.Table(
                    ["Node", "Receives at most", "Sends at most", "Syncs at once", "Sends now", "Flows"],
                    status.Nodes.OrderBy(node => node.Node, StringComparer.Ordinal).Select(node => (IReadOnlyList<string>)
                    [
                        node.Node, Quantity.Limit(node.IngressLimit), Quantity.Limit(node.EgressLimit), Quantity.Count(node.MaxConcurrentSyncs),
                        Quantity.Rate(node.Flows.Sum(flow => flow.BytesPerSecond)), Quantity.Count(node.Flows.Length),
                    ]));
                var flows = status.Nodes.SelectMany(node => node.Flows).ToList();
                if (flows.Count > 0)
                {
                    environment.Output.Table(["Flow", "Class", "Rate", "Grant", "Sent", "Why"], flows.Select(flow => FlowRow(flow, status)));
                }

                environment.Output.Line($"Full copies: {status.Admitted.Length} under way, {status.Queued.Length} waiting{(status.Queued.IsEmpty ? "" : $" ({string.Join(", ", status.Queued)})")}.");
                return 0;
            });

    private static Command Limit(CommandEnvironment environment, GlobalOptions global)
    {
        var node = new Argument<string>("NODE") { Description = "The node" };
        var ingress = TypedOptions.Bytes("--ingress", "Bytes per second of copies that it receives, for example 20mb; 0: no limit");
        var egress = TypedOptions.Bytes("--egress", "Bytes per second of copies that it sends; 0: no limit");
        var syncs = TypedOptions.Number("--syncs", "At most so many full copies to it at once", 1, 1024);
        return new Command("limit", "Limits a node's copies; takes effect on running ones within a second. Without options it shows the limits") { node, ingress, egress, syncs }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(node);
                await client.Bandwidth.SetLimitsAsync(
                    name,
                    new BandwidthLimits
                    {
                        IngressBytesPerSecond = parsed.GetValue(ingress),
                        EgressBytesPerSecond = parsed.GetValue(egress),
                        MaxConcurrentSyncs = parsed.GetValue(syncs),
                    },
                    cancellationToken).ConfigureAwait(false);
                var now = await client.Bandwidth.GetLimitsAsync(name, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { node = name, limits = now });
                }
                else
                {
                    environment.Output.Line($"{name}: receives {Quantity.Limit(now.IngressBytesPerSecond)}, sends {Quantity.Limit(now.EgressBytesPerSecond)}, at most {now.MaxConcurrentSyncs?.ToString(CultureInfo.InvariantCulture) ?? "?"} full copies at once.");
                }

                return 0;
            });
    }

    private static string[] FlowRow(FlowReport flow, BandwidthStatus status)
    {
        var grant = status.Grants.FirstOrDefault(candidate => candidate.Flow == flow.Flow);
        return
        [
            flow.Flow.ToString(), flow.Class, Quantity.Rate(flow.BytesPerSecond), grant is null ? "none yet" : Quantity.Limit(grant.BytesPerSecond),
            Quantity.Bytes(flow.SentBytes), grant?.Reason ?? "",
        ];
    }
}
