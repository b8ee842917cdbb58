using System.Collections.Frozen;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Silo.Resp.Commands;
using Sluice.Silo.Resp.Handlers;
using Sluice.Silo.Resp.Info;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp;

/// <summary>Who carries out what the gateway answers itself, and what moves a key between shards.</summary>
internal sealed class GatewayCommands
{
    // These neither wait nor depend on what went before in the pipeline: commands for shards on both sides of them still go out as one call.
    private static readonly FrozenSet<string> Immediate = FrozenSet.ToFrozenSet(["ping", "echo", "time", "select"]);

    private readonly FrozenDictionary<object, CommandHandler> handlers;
    private readonly FrozenSet<object> immediate;

    public GatewayCommands(
        IShardRouter router, INodeControl node, ITopologyView topology, NodeRoleView role, LiveConfiguration configuration, KnownPolicy policy, ClientRegistry clients, GatewayStatistics statistics, InfoReport info, TimeProvider time, Random random)
    {
        var shards = new ShardCalls(router);
        IEnumerable<KeyValuePair<string, CommandHandler>> all =
        [
            .. new ConnectionHandlers(configuration, role).Handlers,
            .. new ClientHandlers(clients).Handlers,
            .. CommandHandlers.Handlers,
            .. new ConfigHandlers(configuration, new ConfigurationOrders(configuration, policy, () => node.Broker, time), statistics).Handlers,
            .. new BandwidthOrderHandlers(node, topology, time).Handlers,
            .. new ServerHandlers(node, role, info, router, time).Handlers,
            .. new ReplicationHandlers(node).Handlers,
            .. new KeyspaceHandlers(shards, random).Handlers,
            .. new RenameHandlers(shards).Handlers,
        ];

        // By reference: a command is found once by its name, and its handler without comparing names again.
        handlers = all.ToFrozenDictionary(pair => (object)CommandTable.Find(pair.Key)!, pair => pair.Value, ReferenceEqualityComparer.Instance);
        immediate = Immediate.Select(name => (object)CommandTable.Find(name)!).ToFrozenSet(ReferenceEqualityComparer.Instance);
    }

    /// <summary>The handler of a command or subcommand; null for one that a single shard executes.</summary>
    public CommandHandler? Find(CommandInfo command) => handlers.GetValueOrDefault(command);

    /// <summary>True when it may be answered before the commands that came earlier are executed.</summary>
    public bool IsImmediate(CommandInfo command) => immediate.Contains(command);
}
