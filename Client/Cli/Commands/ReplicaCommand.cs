using System.CommandLine;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class ReplicaCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global) => new("replica", "Adds, removes, lists and promotes replicas")
    {
        Add(environment, global),
        Remove(environment, global),
        List(environment, global),
        Promote(environment, global),
    };

    private static Argument<string> Node(string description) => new("NODE") { Description = description };

    private static Command Add(CommandEnvironment environment, GlobalOptions global)
    {
        var node = Node("The node that will hold the replicas");
        var from = new Option<string?>("--from") { HelpName = "NODE", Description = "All shards whose primary is this node" };
        var force = new Option<bool>("--force") { Description = "Copy in full even if the log would do (with --from)" };
        var shards = TypedOptions.Shards();
        var command = new Command("add", "Makes a node hold replicas: of all shards unless told otherwise") { node, from, shards, force };
        command.Exclude(from, shards);
        command.Validators.Add(result =>
        {
            if (result.GetValue(force) && result.GetValue(from) is null)
            {
                result.AddError("--force needs --from NODE, the node that is copied from.");
            }
        });
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(node);
                var source = parsed.GetValue(from);
                IReadOnlyList<int> added = [];
                if (source is null)
                {
                    added = await client.Replicas.AddAsync(name, parsed.GetValue(shards), cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await client.Replicas.FollowAsync(name, source, parsed.GetValue(force), cancellationToken).ConfigureAwait(false);
                }

                if (json)
                {
                    environment.Output.Json(new { node = name, from = source, added });
                }
                else
                {
                    environment.Output.Line(source is not null ? $"{name} is a replica of {source} now; watch it with 'sluice sync watch'."
                        : added.Count == 0 ? $"{name} holds all of these shards already: nothing to do."
                        : $"{name} holds {added.Count} more shards now: {string.Join(", ", added)}; watch them with 'sluice sync watch'.");
                }

                return 0;
            });
    }

    private static Command Remove(CommandEnvironment environment, GlobalOptions global)
    {
        var node = Node("The node that holds the replicas");
        var shards = TypedOptions.Shards();
        return new Command("remove", "Makes a node hold no replicas any more, except where it is the primary") { node, shards }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(node);
                await client.Replicas.RemoveAsync(name, parsed.GetValue(shards), cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { node = name, removed = true });
                }
                else
                {
                    environment.Output.Line($"{name} has given up its replicas{(parsed.GetValue(shards) is { } list ? $" of shards {string.Join(", ", list)}" : "")}.");
                }

                return 0;
            });
    }

    private static Command Promote(CommandEnvironment environment, GlobalOptions global)
    {
        var node = Node("The node");
        return new Command("promote", "Makes a node the primary of every shard that it holds a live replica of") { node }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(node);
                await client.Replicas.PromoteAsync(name, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { node = name, promoted = true });
                }
                else
                {
                    environment.Output.Line($"{name} is the primary of its shards now.");
                }

                return 0;
            });
    }

    private static Command List(CommandEnvironment environment, GlobalOptions global)
    {
        var node = new Option<string?>("--node") { HelpName = "NODE", Description = "Only the replicas of this node" };
        return new Command("list", "Lists all replicas with role, state and position") { node }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var only = parsed.GetValue(node);
                var replicas = (await client.Replicas.ListAsync(cancellationToken).ConfigureAwait(false))
                    .Where(replica => only is null || replica.Replica.Node == only)
                    .ToList();
                if (json)
                {
                    environment.Output.Json(replicas);
                }
                else if (replicas.Count == 0)
                {
                    environment.Output.Line(only is null ? "There are no shards yet: no node has joined." : $"Node '{only}' holds no replicas.");
                }
                else
                {
                    environment.Output.Table(["Replica", "Role", "Epoch", "State", "Sequence", "Keys (est.)", "On disk"], replicas.Select(Row));
                }

                return 0;
            });
    }

    private static string[] Row(ReplicaState replica) =>
    [
        replica.Replica.ToString(),
        replica.Role.ToString().ToLowerInvariant(),
        Quantity.Count(replica.Epoch),
        replica.Problem.Length > 0 ? "down" : replica.Sync is null ? "up" : SyncTotals.NameOf(replica.Sync),
        replica.Status is null ? "-" : Quantity.Count(replica.Status.Sequence),
        replica.Status is null ? "-" : Quantity.Count(replica.Status.EstimatedKeys),
        replica.Status is null ? "-" : Quantity.Bytes(replica.Status.DiskBytes),
    ];
}
