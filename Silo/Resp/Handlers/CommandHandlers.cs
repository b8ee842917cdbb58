using Sluice.Resp;
using Sluice.Silo.Resp.Commands;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>COMMAND and its subcommands, in Redis' reply shapes.</summary>
internal static class CommandHandlers
{
    private static readonly string[] Help =
    [
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)", "    Return details about all commands.",
        "COUNT", "    Return the total number of commands in this server.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]", "    Return a list of all commands in this server.",
        "INFO [<command-name> ...]", "    Return details about multiple commands.",
        "DOCS [<command-name> ...]", "    Return documentation details about multiple commands.",
        "HELP", "    Prints this help.",
    ];

    /// <summary>By command and subcommand.</summary>
    public static IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("command", All),
        new("command|count", Count),
        new("command|docs", Docs),
        new("command|help", context => HelpReply.Write(context, Help)),
        new("command|info", Info),
        new("command|list", List),
    ];

    private static ValueTask All(CommandContext context)
    {
        context.Reply.Array(CommandTable.Commands.Count);
        foreach (var command in CommandTable.Commands)
        {
            WriteInfo(context.Reply, command);
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask Count(CommandContext context)
    {
        context.Reply.Integer(CommandTable.Commands.Count);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Info(CommandContext context)
    {
        if (context.Arguments.Length == 2)
        {
            return All(context);
        }

        context.Reply.Array(context.Arguments.Length - 2);
        for (var i = 2; i < context.Arguments.Length; i++)
        {
            if (CommandTable.Find(context.Text(i)) is { } command)
            {
                WriteInfo(context.Reply, command);
            }
            else
            {
                context.Reply.Null();
            }
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask Docs(CommandContext context)
    {
        var documented = context.Arguments.Length == 2
            ? CommandTable.Commands
            : [.. context.Arguments.Skip(2).Select((_, i) => CommandTable.Find(context.Text(i + 2))).OfType<CommandInfo>()];
        context.Reply.Map(documented.Count);
        foreach (var command in documented)
        {
            WriteDocs(context.Reply, command);
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask List(CommandContext context)
    {
        IEnumerable<CommandInfo> listed = CommandTable.Commands;
        if (context.Arguments.Length != 2)
        {
            if (context.Arguments.Length != 5 || !context.Is(2, "FILTERBY"))
            {
                return context.SyntaxError();
            }

            var everything = listed.SelectMany<CommandInfo, CommandInfo>(command => [command, .. command.Subcommands]);
            var word = context.Arguments[4];
            if (context.Is(3, "MODULE"))
            {
                listed = [];
            }
            else if (context.Is(3, "ACLCAT"))
            {
                var category = "@" + context.Text(4);
                listed = everything.Where(command => command.Categories.Contains(category, StringComparer.OrdinalIgnoreCase));
            }
            else if (context.Is(3, "PATTERN"))
            {
                listed = everything.Where(command => GlobPattern.IsMatch(word, System.Text.Encoding.ASCII.GetBytes(command.Name), ignoreCase: true));
            }
            else
            {
                return context.SyntaxError();
            }
        }

        var names = listed.Select(command => command.Name).ToList();
        context.Reply.Array(names.Count);
        names.ForEach(context.Reply.BulkString);
        return ValueTask.CompletedTask;
    }

    private static void WriteInfo(RespWriter reply, CommandInfo command)
    {
        reply.Array(10);
        reply.BulkString(command.Name);
        reply.Integer(command.Arity);
        WriteSet(reply, [.. command.FlagNames]);
        reply.Integer(command.FirstKey);
        reply.Integer(command.LastKey);
        reply.Integer(command.Step);
        WriteSet(reply, [.. command.Categories]);
        reply.Set(0);
        WriteKeySpecification(reply, command);
        if (command.Subcommands.Count == 0)
        {
            reply.Set(0); // As Redis has it in RESP3: an empty set, but an array when there are any.
            return;
        }

        reply.Array(command.Subcommands.Count);
        foreach (var subcommand in command.Subcommands)
        {
            WriteInfo(reply, subcommand);
        }
    }

    private static void WriteKeySpecification(RespWriter reply, CommandInfo command)
    {
        if (command.FirstKey == 0)
        {
            reply.Set(0);
            return;
        }

        reply.Set(1);
        reply.Map(3);
        reply.BulkString("flags");
        WriteSet(reply, command.Flags.HasFlag(CommandFlags.Write) ? ["RW", "access", "update"] : ["RO", "access"]);
        reply.BulkString("begin_search");
        WriteTyped(reply, "index", 1);
        reply.BulkString("index");
        reply.Integer(command.FirstKey);
        reply.BulkString("find_keys");
        WriteTyped(reply, "range", 3);
        reply.BulkString("lastkey");
        reply.Integer(command.LastKey > 0 ? command.LastKey - command.FirstKey : command.LastKey);
        reply.BulkString("keystep");
        reply.Integer(command.Step);
        reply.BulkString("limit");
        reply.Integer(0);
    }

    private static void WriteTyped(RespWriter reply, string type, int specificationPairs)
    {
        reply.Map(2);
        reply.BulkString("type");
        reply.BulkString(type);
        reply.BulkString("spec");
        reply.Map(specificationPairs);
    }

    private static void WriteDocs(RespWriter reply, CommandInfo command)
    {
        reply.BulkString(command.Name);
        var isDeprecated = command.ReplacedBy.Length > 0;
        reply.Map(4 + (isDeprecated ? 2 : 0) + (command.Subcommands.Count > 0 ? 1 : 0));
        reply.BulkString("summary");
        reply.BulkString(command.Summary);
        reply.BulkString("since");
        reply.BulkString(command.Since);
        reply.BulkString("group");
        reply.BulkString(command.Group);
        reply.BulkString("complexity");
        reply.BulkString(command.Complexity);
        if (isDeprecated)
        {
            reply.BulkString("doc_flags");
            WriteSet(reply, ["deprecated"]);
            reply.BulkString("replaced_by");
            reply.BulkString(command.ReplacedBy);
        }

        if (command.Subcommands.Count > 0)
        {
            reply.BulkString("subcommands");
            reply.Map(command.Subcommands.Count);
            foreach (var subcommand in command.Subcommands)
            {
                WriteDocs(reply, subcommand);
            }
        }
    }

    private static void WriteSet(RespWriter reply, string[] words)
    {
        reply.Set(words.Length);
        foreach (var word in words)
        {
            reply.SimpleString(word);
        }
    }
}
