using System.CommandLine;
using System.Globalization;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

/// <summary><c>sluice sync pause|resume|set</c>: orders for single syncs, or for all.</summary>
internal static class SyncOrderCommands
{
    public static Command Pause(CommandEnvironment environment, GlobalOptions global)
    {
        var replicas = Replicas("The replicas whose full copies pause, for example 3@B");
        var all = new Option<bool>("--all") { Description = "All full copies of the cluster, those to come included" };
        var until = TypedOptions.Moment("--until", "When they go on by themselves: 18:30, 2026-11-24T06:00, or Unix seconds", environment.Time);
        var span = TypedOptions.Time("--for", "After how long they go on by themselves, for example 30m");
        var command = new Command("pause", "Pauses full copies, running or still to begin, until they are resumed or for a time. What was copied is kept; logs go on") { replicas, all, until, span };
        command.Exclude(until, span);
        RequireReplicasOrAll(command, replicas, all);
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
        {
            var end = parsed.GetValue(until) ?? (parsed.GetValue(span) is { } duration ? environment.Time.GetUtcNow() + duration : null);
            foreach (var replica in parsed.GetValue(replicas)!)
            {
                await client.Syncs.PauseAsync(replica, end, cancellationToken).ConfigureAwait(false);
            }

            if (parsed.GetValue(all))
            {
                await client.Syncs.PauseAllAsync(end, cancellationToken).ConfigureAwait(false);
            }

            var names = Names(parsed.GetValue(replicas)!, parsed.GetValue(all));
            if (json)
            {
                environment.Output.Json(new { paused = names, until = end });
            }
            else
            {
                environment.Output.Line(end is { } moment
                    ? $"Paused until {Quantity.Moment(moment, environment.Time)}: {string.Join(", ", names)}."
                    : $"Paused until resumed: {string.Join(", ", names)}. 'sluice sync resume' lets them go on.");
            }

            return 0;
        });
    }

    public static Command Resume(CommandEnvironment environment, GlobalOptions global)
    {
        var replicas = Replicas("The replicas whose full copies go on, for example 3@B");
        var all = new Option<bool>("--all") { Description = "End the pause of all; copies that were paused by themselves stay paused" };
        var command = new Command("resume", "Lets paused full copies go on") { replicas, all };
        RequireReplicasOrAll(command, replicas, all);
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
        {
            foreach (var replica in parsed.GetValue(replicas)!)
            {
                await client.Syncs.ResumeAsync(replica, cancellationToken).ConfigureAwait(false);
            }

            if (parsed.GetValue(all))
            {
                await client.Syncs.ResumeAllAsync(cancellationToken).ConfigureAwait(false);
            }

            var names = Names(parsed.GetValue(replicas)!, parsed.GetValue(all));
            var policy = await client.Bandwidth.GetPolicyAsync(cancellationToken).ConfigureAwait(false);
            if (json)
            {
                environment.Output.Json(new { resumed = names, allPaused = policy.IsPaused, paused = policy.Syncs.Where(sync => sync.IsPaused).Select(sync => sync.Replica.ToString()) });
            }
            else
            {
                var held = policy.Syncs.Where(sync => sync.IsPaused).Select(sync => sync.Replica.ToString()).ToList();
                environment.Output.Line($"Resumed: {string.Join(", ", names)}."
                    + (policy.IsPaused ? " All are still paused together: 'sluice sync resume --all' ends that." : held.Count > 0 ? $" Still paused by themselves: {string.Join(", ", held)}." : ""));
            }

            return 0;
        });
    }

    public static Command Set(CommandEnvironment environment, GlobalOptions global)
    {
        var replica = new Argument<ReplicaKey>("REPLICA") { Description = "The replica that the sync builds, for example 3@B", CustomParser = result => TypedOptions.Replica(result, result.Tokens[0].Value) };
        var qosClass = new Option<string?>("--class") { HelpName = "NAME", Description = "The QoS class: urgent, normal or background; default: the one that it was begun with" };
        var limit = TypedOptions.Bytes("--limit", "Bytes per second at the most, for example 5mb; 0: no limit of its own");
        return new Command("set", "Changes the class or the limit of a sync, also while it runs; shows them without options") { replica, qosClass, limit }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetValue(qosClass) is "default" ? "" : parsed.GetValue(qosClass);
                var now = await client.Syncs.SetAsync(parsed.GetValue(replica), new SyncTerms { Class = name, LimitBytesPerSecond = parsed.GetValue(limit) }, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { replica = now.Replica.ToString(), @class = now.Class, limitBytesPerSecond = now.LimitBytesPerSecond, isPaused = now.IsPaused, pausedUntil = now.PausedUntil });
                }
                else
                {
                    environment.Output.Line($"{now.Replica}: class {(now.Class.Length > 0 ? now.Class : "as it was begun with")}, {(now.LimitBytesPerSecond == 0 ? "no limit of its own" : $"at most {Quantity.Limit(now.LimitBytesPerSecond)}")}{PauseOf(now, environment.Time)}.");
                }

                return 0;
            });
    }

    private static string PauseOf(SyncPolicy sync, TimeProvider time) =>
        !sync.IsPaused ? "" : sync.PausedUntil is { } until ? $", paused until {Quantity.Moment(until, time)}" : ", paused until resumed";

    private static Argument<ReplicaKey[]> Replicas(string description) => new("REPLICA")
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = result => [.. result.Tokens.Select(token => TypedOptions.Replica(result, token.Value))],
        DefaultValueFactory = _ => [],
    };

    private static List<string> Names(ReplicaKey[] replicas, bool all) => [.. replicas.Select(replica => replica.ToString()), .. all ? ["all full copies"] : Array.Empty<string>()];

    private static void RequireReplicasOrAll(Command command, Argument<ReplicaKey[]> replicas, Option<bool> all) => command.Validators.Add(result =>
    {
        if (result.GetResult(replicas) is not { Tokens.Count: > 0 } && !result.GetValue(all))
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"Name the replicas, for example 3@B, or give --all."));
        }
    });
}
