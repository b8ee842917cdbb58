using Sluice.Configuration;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>CONFIG and its subcommands.</summary>
internal sealed class ConfigHandlers(LiveConfiguration configuration, ConfigurationOrders orders, GatewayStatistics statistics)
{
    private static readonly string[] Help =
    [
        "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET <pattern>", "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>", "    Set the configuration <directive> to <value>.",
        "RESETSTAT", "    Reset statistics reported by the INFO command.",
        "REWRITE", "    Rewrite the configuration file.",
        "HELP", "    Prints this help.",
    ];

    /// <summary>By subcommand.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("config|get", GetAsync),
        new("config|set", SetAsync),
        new("config|help", context => HelpReply.Write(context, Help)),
        new("config|resetstat", ResetStatistics),
        new("config|rewrite", Rewrite),
    ];

    private async ValueTask GetAsync(CommandContext context)
    {
        var found = await orders.GetAsync([.. Enumerable.Range(2, context.Arguments.Length - 2).Select(context.Text)]);
        context.Reply.Map(found.Length);
        foreach (var (name, value) in found)
        {
            context.Reply.BulkString(name);
            context.Reply.BulkString(value);
        }
    }

    private async ValueTask SetAsync(CommandContext context)
    {
        if (context.Arguments.Length % 2 != 0)
        {
            await context.Error("ERR wrong number of arguments for 'config|set' command");
            return;
        }

        try
        {
            await orders.SetAsync([.. Enumerable.Range(1, (context.Arguments.Length / 2) - 1).Select(pair => KeyValuePair.Create(context.Text(2 * pair), context.Text((2 * pair) + 1)))]);
            await context.Ok();
        }
        catch (OrderRefusedException error)
        {
            await context.Error("ERR " + error.Message);
        }
    }

    private ValueTask ResetStatistics(CommandContext context)
    {
        statistics.Reset();
        return context.Ok();
    }

    private ValueTask Rewrite(CommandContext context)
    {
        try
        {
            configuration.Rewrite();
            return context.Ok();
        }
        catch (OrderRefusedException error)
        {
            return context.Error("ERR " + error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return context.Error("ERR Rewriting config file: " + error.Message);
        }
    }
}
