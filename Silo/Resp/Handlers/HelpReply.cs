namespace Sluice.Silo.Resp.Handlers;

/// <summary>Replies of the HELP subcommands.</summary>
internal static class HelpReply
{
    /// <summary>An array of simple strings.</summary>
    public static ValueTask Write(CommandContext context, string[] lines)
    {
        context.Reply.Array(lines.Length);
        foreach (var line in lines)
        {
            context.Reply.SimpleString(line);
        }

        return ValueTask.CompletedTask;
    }
}
