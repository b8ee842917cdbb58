using System.Text;
using Sluice.Configuration;
using Sluice.Silo.Resp.Commands;
using Sluice.Silo.Resp.Handlers;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp;

/// <summary>
/// Decides what becomes of a command: an error, a place in the round for its shard, or a handler of the gateway's own. The checks come in Redis' order: is it known, has it the right
/// number of arguments, has the client authenticated.
/// </summary>
internal sealed class CommandDispatcher(GatewayCommands commands, IShardRouter router, LiveConfiguration configuration)
{
    // Redis shows no more of an unknown command.
    private const int ShownBytes = 128;

    /// <summary>Puts the command into the round, answers it, or returns the handler that must be awaited after the round so far was executed.</summary>
    public CommandHandler? Dispatch(CommandContext context, byte[][] command)
    {
        context.Arguments = command;
        var reply = context.Reply;
        reply.Protocol = context.Client.Protocol;
        if (!CommandTable.TryFind(command[0], out var info))
        {
            Unknown(context);
            return null;
        }

        context.Info = info;
        context.Client.LastCommand = info.Name;
        if (!info.Accepts(command.Length))
        {
            return Refuse(context, $"ERR wrong number of arguments for '{info.Name}' command");
        }

        if (!context.Client.Authenticated && !info.Flags.HasFlag(CommandFlags.NoAuth) && configuration.RequirePass.Length > 0)
        {
            return Refuse(context, "NOAUTH Authentication required.");
        }

        return info.FirstKey > 0 ? DispatchKeyed(context, info) : DispatchOwn(context, info);
    }

    private CommandHandler? DispatchKeyed(CommandContext context, CommandInfo info)
    {
        var command = context.Arguments;
        var shardCount = router.ShardCount;
        if (shardCount == 0)
        {
            return Refuse(context, "LOADING This node has not joined its cluster yet");
        }

        var last = info.LastKey > 0 ? info.LastKey : command.Length - 1;
        if (info.Step == 2 && command.Length % 2 == 0)
        {
            return Refuse(context, $"ERR wrong number of arguments for '{info.Name}' command");
        }

        command[0] = info.WireName;
        var shard = HashSlot.ToShard(HashSlot.Of(command[info.FirstKey]), shardCount);
        for (var i = info.FirstKey + info.Step; i <= last; i += info.Step)
        {
            if (HashSlot.ToShard(HashSlot.Of(command[i]), shardCount) == shard)
            {
                continue;
            }

            if (commands.Find(info) is { } handler)
            {
                return handler;
            }

            context.Round.Add(SplitCommand.Of(info, command, shardCount));
            return null;
        }

        context.Round.Add(shard, command);
        return null;
    }

    private CommandHandler? DispatchOwn(CommandContext context, CommandInfo info)
    {
        if (info.Subcommands.Count > 0 && context.Arguments.Length > 1)
        {
            var name = $"{info.Name}|{context.Text(1)}";
            var subcommand = info.Subcommands.FirstOrDefault(candidate => candidate.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (subcommand is null)
            {
                return Refuse(context, $"ERR unknown subcommand '{Shown(context.Arguments[1], ShownBytes)}'. Try {info.Name.ToUpperInvariant()} HELP.");
            }

            if (!subcommand.Accepts(context.Arguments.Length))
            {
                return Refuse(context, $"ERR wrong number of arguments for '{subcommand.Name}' command");
            }

            context.Info = subcommand;
            context.Client.LastCommand = subcommand.Name;
            return commands.Find(subcommand);
        }

        if (router.ShardCount == 0 && (info.Flags & (CommandFlags.ReadOnly | CommandFlags.Write)) != 0)
        {
            return Refuse(context, "LOADING This node has not joined its cluster yet");
        }

        context.Arguments[0] = info.WireName;
        var handler = commands.Find(info) ?? throw new InvalidOperationException($"No handler for '{info.Name}'.");
        if (!commands.IsImmediate(info))
        {
            return handler;
        }

        var answered = handler(context);
        if (!answered.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException($"'{info.Name}' counts as immediate, but waits.");
        }

        context.Round.EndLocalReply();
        return null;
    }

    private static CommandHandler? Refuse(CommandContext context, string error)
    {
        context.Reply.Error(error);
        context.Round.EndLocalReply();
        return null;
    }

    private static void Unknown(CommandContext context)
    {
        var name = context.Arguments[0];
        if (context.Is(0, "POST") || context.Is(0, "HOST:"))
        {
            // A browser was made to send this (cross-protocol scripting): what follows is not meant for us.
            context.Client.CloseAfterReplies = true;
            return;
        }

        var shown = new StringBuilder();
        foreach (var argument in context.Arguments.Skip(1))
        {
            if (shown.Length >= ShownBytes)
            {
                break;
            }

            shown.Append('\'').Append(Shown(argument, ShownBytes - shown.Length)).Append("' ");
        }

        Refuse(context, $"ERR unknown command '{Shown(name, ShownBytes)}', with args beginning with: {shown}");
    }

    private static string Shown(byte[] bytes, int limit) => Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, limit))).Replace('\r', ' ').Replace('\n', ' ');
}
