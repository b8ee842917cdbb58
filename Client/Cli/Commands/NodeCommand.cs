using System.CommandLine;
using System.Globalization;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class NodeCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global) => new("node", "Lists nodes")
    {
        new Command("list", "Lists all nodes with their addresses, roles, data and memory")
            .Does(environment, global, async (_, client, json, cancellationToken) =>
            {
                var nodes = await client.Nodes.ListAsync(cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(nodes);
                }
                else if (nodes.Count == 0)
                {
                    environment.Output.Line("No node has joined the cluster yet.");
                }
                else
                {
                    environment.Output.Table(["Node", "State", "RESP", "Replication", "Primary of", "Replica of", "On disk", "Memory", "of it RocksDB", "Uptime", "Version"], nodes.Select(Row));
                    foreach (var problem in nodes.Where(node => node.Report is null))
                    {
                        environment.Output.Line(problem.Problem);
                    }
                }

                return 0;
            }),
    };

    private static string[] Row(NodeState node)
    {
        var report = node.Report;
        return
        [
            node.Address.Name,
            report is null ? "down" : "up",
            $"{node.Address.Host}:{node.Address.RespPort.ToString(CultureInfo.InvariantCulture)}",
            node.Address.ReplicationPort.ToString(CultureInfo.InvariantCulture),
            report is null ? "-" : Shards(report, ReplicaRole.Primary),
            report is null ? "-" : Shards(report, ReplicaRole.Replica),
            report is null ? "-" : Quantity.Bytes(report.Shards.Sum(shard => shard.DiskBytes)),
            report is null ? "-" : Quantity.Bytes(report.ResidentBytes),
            report is null ? "-" : Quantity.Bytes(report.EngineMemoryBytes),
            report is null ? "-" : Quantity.Time(report.Uptime),
            report?.Version ?? "-",
        ];
    }

    private static string Shards(NodeReport report, ReplicaRole role)
    {
        var count = report.Shards.Count(shard => shard.Role == role);
        return count == 0 ? "-" : $"{count} shards";
    }
}
