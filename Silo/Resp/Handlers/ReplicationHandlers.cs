namespace Sluice.Silo.Resp.Handlers;

/// <summary>REPLICAOF SLAVEOF FAILOVER: who follows whom.</summary>
internal sealed class ReplicationHandlers(INodeControl node)
{
    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("replicaof", context => AnswerAsync(context, ReplicaOfAsync)),
        new("slaveof", context => AnswerAsync(context, ReplicaOfAsync)),
        new("failover", context => AnswerAsync(context, FailoverAsync)),
    ];

    private static async ValueTask AnswerAsync(CommandContext context, Func<CommandContext, Task<string?>> carryOut)
    {
        try
        {
            if (await carryOut(context) is { } error)
            {
                await context.Error(error);
            }
            else
            {
                context.Reply.Ok();
            }
        }
        catch (OrderRefusedException refusal)
        {
            await context.Error("ERR " + refusal.Message);
        }
    }

    /// <summary>REPLICAOF NO ONE | host port [FORCE] [FROM host port]. Returns the error; null: done.</summary>
    private async Task<string?> ReplicaOfAsync(CommandContext context)
    {
        if (context.Arguments.Length == 3 && context.Is(1, "NO") && context.Is(2, "ONE"))
        {
            await node.PromoteAsync();
            return null;
        }

        if (context.Arguments.Length > 7)
        {
            return $"ERR wrong number of arguments for '{context.Info.Name}' command";
        }

        if (context.Arguments.Length < 3)
        {
            return "ERR syntax error";
        }

        var force = context.Is(3, "FORCE");
        var next = force ? 4 : 3;
        var from = context.Is(next, "FROM") && context.Arguments.Length == next + 3;
        if (context.Arguments.Length != (from ? next + 3 : next))
        {
            return "ERR syntax error";
        }

        if (!TryPort(context, 2, out var port) | (!TryPort(context, next + 2, out var copyPort) && from))
        {
            return "ERR Invalid master port";
        }

        await node.ReplicaOfAsync(new ReplicaOfOrder(context.Text(1), port, force) { From = from ? new RespAddress(context.Text(next + 1), copyPort) : null });
        return null;
    }

    /// <summary>FAILOVER ABORT | [TO host port [FORCE]] [TIMEOUT milliseconds], with the checks, the words and the order of both that Redis 7 has. Returns the error; null: begun.</summary>
    private async Task<string?> FailoverAsync(CommandContext context)
    {
        if (context.Arguments.Length == 2 && context.Is(1, "ABORT"))
        {
            await node.AbortFailoverAsync();
            return null;
        }

        string? host = null;
        long port = 0;
        long? timeout = null;
        var force = false;
        for (var i = 1; i < context.Arguments.Length; i++)
        {
            if (context.Is(i, "TIMEOUT") && i + 1 < context.Arguments.Length && timeout is null)
            {
                if (!context.TryInteger(++i, out var milliseconds) || milliseconds < 1)
                {
                    return "ERR FAILOVER timeout must be greater than 0";
                }

                timeout = milliseconds;
            }
            else if (context.Is(i, "TO") && i + 2 < context.Arguments.Length && host is null)
            {
                host = context.Text(i + 1);
                if (!context.TryInteger(i + 2, out port))
                {
                    return "ERR value is not an integer or out of range";
                }

                i += 2;
            }
            else if (context.Is(i, "FORCE") && !force)
            {
                force = true;
            }
            else
            {
                return "ERR syntax error";
            }
        }

        // A wait of more than a month is as good as one without end, and fits every timer.
        var bound = timeout is { } given ? TimeSpan.FromMilliseconds(Math.Min(given, int.MaxValue)) : (TimeSpan?)null;
        await node.FailoverAsync(new FailoverOrder(host ?? "", (int)Math.Clamp(port, int.MinValue, int.MaxValue), force, bound));
        return null;
    }

    private static bool TryPort(CommandContext context, int index, out int port)
    {
        port = 0;
        if (index >= context.Arguments.Length || !context.TryInteger(index, out var number) || number is < 1 or > 65535)
        {
            return false;
        }

        port = (int)number;
        return true;
    }
}
