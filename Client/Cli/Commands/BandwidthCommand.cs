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
        Class(environment, global),
    };

    private static Command Show(CommandEnvironment environment, GlobalOptions global) =>
        new Command("show", "Shows what is wrong, the links, all flows with rate, grant and what holds them, the syncs that wait, and what operators have ordered")
            .Does(environment, global, async (_, client, json, cancellationToken) =>
            {
                var status = await client.Bandwidth.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(status);
                }
                else
                {
                    new BandwidthView(environment.Output, environment.Time).Show(status);
                }

                return 0;
            });

    private static Command Limit(CommandEnvironment environment, GlobalOptions global)
    {
        var node = new Argument<string>("NODE") { Description = "The node" };
        var ingress = TypedOptions.Bytes("--ingress", "Bytes per second of copies that it receives, for example 20mb; 0: no limit");
        var egress = TypedOptions.Bytes("--egress", "Bytes per second of copies that it sends; 0: no limit");
        var syncs = TypedOptions.Number("--syncs", "Full copies at once over each of its links, in either direction", 1, 1024);
        var headroom = TypedOptions.Headroom("--headroom");
        var queueDelay = TypedOptions.Time("--queue-delay", "The delay that copies may add to a link's queues, for example 10ms");
        var floor = TypedOptions.Bytes("--floor", "Bytes per second that a copy may send at the least, for example 64kb");
        var stallTimeout = TypedOptions.Time("--stall-timeout", "The least time without progress after which a copy's connection counts as stalled, for example 1s");
        return new Command("limit", "Limits a node's copies; takes effect on running ones within a second. Without options it shows the limits") { node, ingress, egress, syncs, headroom, queueDelay, floor, stallTimeout }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(node);
                var limits = new BandwidthLimits
                {
                    IngressBytesPerSecond = parsed.GetValue(ingress),
                    EgressBytesPerSecond = parsed.GetValue(egress),
                    MaxConcurrentSyncs = parsed.GetValue(syncs),
                    HeadroomPercent = parsed.GetValue(headroom),
                    TargetQueueDelay = parsed.GetValue(queueDelay),
                    FloorBytesPerSecond = parsed.GetValue(floor),
                    StallTimeout = parsed.GetValue(stallTimeout),
                };
                await client.Bandwidth.SetLimitsAsync(name, limits, cancellationToken).ConfigureAwait(false);
                var now = await client.Bandwidth.GetLimitsAsync(name, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { node = name, limits = now });
                }
                else
                {
                    environment.Output.Line($"{name}: receives {Quantity.Limit(now.IngressBytesPerSecond)}, sends {Quantity.Limit(now.EgressBytesPerSecond)}, at most {Count(now.MaxConcurrentSyncs)} full copies at once; "
                        + $"headroom {(now.HeadroomPercent is { } percent ? Quantity.Headroom(percent) : "?")}, adds at most {Quantity.Milliseconds(now.TargetQueueDelay)} of queue, floor {Quantity.Limit(now.FloorBytesPerSecond)}, stalled after {Quantity.Milliseconds(now.StallTimeout)}.");
                }

                return 0;
            });
    }

    private static Command Class(CommandEnvironment environment, GlobalOptions global)
    {
        var name = new Argument<string?>("NAME") { Description = "The class: log, urgent, normal or background; all of them when none is named", Arity = ArgumentArity.ZeroOrOne };
        var reservation = TypedOptions.Bytes("--reservation", "Bytes per second that a flow of the class gets before anybody gets more; 0: nothing");
        var limit = TypedOptions.Bytes("--limit", "Bytes per second that a flow of the class gets at the most; 0: no limit");
        var weight = TypedOptions.Number("--weight", "How it shares what is left: 4 gets four times as much as 1", 1, 1000);
        var command = new Command("class", "Shows the QoS classes, or changes one; takes effect on running copies within a second") { name, reservation, limit, weight };
        command.Validators.Add(result =>
        {
            if (result.GetValue(name) is null && (result.GetValue(reservation) is not null || result.GetValue(limit) is not null || result.GetValue(weight) is not null))
            {
                result.AddError("Name the class to change: log, urgent, normal or background.");
            }
        });
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
        {
            IReadOnlyList<QosClassTerms> rows;
            var change = new QosClassChange { ReservationBytesPerSecond = parsed.GetValue(reservation), LimitBytesPerSecond = parsed.GetValue(limit), Weight = parsed.GetValue(weight) };
            if (parsed.GetValue(name) is { } one)
            {
                rows = [await client.Bandwidth.SetClassAsync(one, change, cancellationToken).ConfigureAwait(false)];
            }
            else
            {
                rows = [.. (await client.Bandwidth.GetPolicyAsync(cancellationToken).ConfigureAwait(false)).ClassTable()];
            }

            if (json)
            {
                environment.Output.Json(rows);
            }
            else
            {
                environment.Output.Table(
                    ["Class", "Reserved for each flow", "At most for each flow", "Weight"],
                    rows.Select(terms => (IReadOnlyList<string>)
                    [
                        terms.Name, terms.ReservationBytesPerSecond == 0 ? "nothing" : Quantity.Rate(terms.ReservationBytesPerSecond), Quantity.Limit(terms.LimitBytesPerSecond), Quantity.Count(terms.Weight),
                    ]));
            }

            return 0;
        });
    }

    private static string Count(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "?";
}
