using System.Text;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>CLIENT and its subcommands.</summary>
internal sealed class ClientHandlers(ClientRegistry clients)
{
    private static readonly string[] Help =
    [
        "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GETNAME", "    Return the name of the current connection.",
        "ID", "    Return the ID of the current connection.",
        "INFO", "    Return information about the current client connection.",
        "KILL <ip:port>", "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]", "    Kill connections. Options are: ID, ADDR, LADDR, USER, TYPE, SKIPME (YES|NO, default: yes).",
        "LIST [options ...]", "    Return information about client connections. Options: TYPE (NORMAL|MASTER|REPLICA|PUBSUB), ID <id> [<id> ...].",
        "NO-EVICT (ON|OFF)", "    Protect current client connection from eviction.",
        "SETINFO <option> <value>", "    Set client meta attr. Options are: LIB-NAME, LIB-VER.",
        "SETNAME <name>", "    Assign the name <name> to the current connection.",
        "HELP", "    Prints this help.",
    ];

    private static readonly string[] Types = ["normal", "master", "replica", "slave", "pubsub"];

    /// <summary>By subcommand.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("client|getname", GetName),
        new("client|help", context => HelpReply.Write(context, Help)),
        new("client|id", Id),
        new("client|info", Info),
        new("client|kill", Kill),
        new("client|list", List),
        new("client|no-evict", NoEvict),
        new("client|setinfo", SetInfo),
        new("client|setname", SetName),
    ];

    private static ValueTask GetName(CommandContext context)
    {
        if (context.Client.Name.Length == 0)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.BulkString(context.Client.Name);
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask Id(CommandContext context)
    {
        context.Reply.Integer(context.Client.Id);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Info(CommandContext context)
    {
        context.Reply.VerbatimText(context.Client + "\n");
        return ValueTask.CompletedTask;
    }

    private static ValueTask NoEvict(CommandContext context)
    {
        if (!context.Is(2, "ON") && !context.Is(2, "OFF"))
        {
            return context.SyntaxError();
        }

        context.Client.NoEvict = context.Is(2, "ON");
        return context.Ok();
    }

    private static ValueTask SetName(CommandContext context)
    {
        if (!ConnectionHandlers.IsValidName(context.Arguments[2]))
        {
            return context.Error("ERR Client names cannot contain spaces, newlines or special characters.");
        }

        context.Client.Name = context.Text(2);
        return context.Ok();
    }

    private static ValueTask SetInfo(CommandContext context)
    {
        if (!context.Is(2, "LIB-NAME") && !context.Is(2, "LIB-VER"))
        {
            return context.Error($"ERR Unrecognized option '{context.Text(2)}'");
        }

        if (!ConnectionHandlers.IsValidName(context.Arguments[3]))
        {
            return context.Error($"ERR {context.Text(2).ToLowerInvariant()} cannot contain spaces, newlines or special characters.");
        }

        if (context.Is(2, "LIB-NAME"))
        {
            context.Client.LibraryName = context.Text(3);
        }
        else
        {
            context.Client.LibraryVersion = context.Text(3);
        }

        return context.Ok();
    }

    private ValueTask List(CommandContext context)
    {
        IEnumerable<GatewayClient> listed = clients.All;
        if (context.Arguments.Length == 4 && context.Is(2, "TYPE"))
        {
            if (!Types.Contains(context.Text(3), StringComparer.OrdinalIgnoreCase))
            {
                return context.Error($"ERR Unknown client type '{context.Text(3)}'");
            }

            listed = context.Is(3, "NORMAL") ? listed : [];
        }
        else if (context.Arguments.Length > 3 && context.Is(2, "ID"))
        {
            var ids = new HashSet<long>();
            for (var i = 3; i < context.Arguments.Length; i++)
            {
                if (!context.TryInteger(i, out var id) || id <= 0)
                {
                    return context.Error("ERR Invalid client ID");
                }

                ids.Add(id);
            }

            listed = listed.Where(client => ids.Contains(client.Id));
        }
        else if (context.Arguments.Length != 2)
        {
            return context.SyntaxError();
        }

        context.Reply.VerbatimText(listed.Aggregate(new StringBuilder(), (text, client) => text.Append(client).Append('\n')).ToString());
        return ValueTask.CompletedTask;
    }

    private ValueTask Kill(CommandContext context)
    {
        var isOldForm = context.Arguments.Length == 3;
        var filter = new KillFilter();
        if (isOldForm)
        {
            filter.RemoteAddress = context.Text(2);
            filter.SkipMe = false;
        }
        else if (filter.Parse(context) is { } error)
        {
            return context.Error(error);
        }

        var killed = 0;
        foreach (var client in clients.All.Where(client => filter.Matches(client, context.Client)))
        {
            killed++;
            if (ReferenceEquals(client, context.Client))
            {
                client.CloseAfterReplies = true;
            }
            else
            {
                client.Abort();
            }
        }

        if (!isOldForm)
        {
            context.Reply.Integer(killed);
            return ValueTask.CompletedTask;
        }

        return killed > 0 ? context.Ok() : context.Error("ERR No such client");
    }

    private sealed class KillFilter
    {
        private long? id;
        private string? localAddress;
        private string? type;
        private string? user;

        public string? RemoteAddress { get; set; }

        public bool SkipMe { get; set; } = true;

        public string? Parse(CommandContext context)
        {
            for (var i = 2; i < context.Arguments.Length; i += 2)
            {
                if (i + 1 == context.Arguments.Length)
                {
                    return "ERR syntax error";
                }

                var value = context.Text(i + 1);
                switch (context.Text(i).ToUpperInvariant())
                {
                    case "ID" when context.TryInteger(i + 1, out var number) && number > 0:
                        id = number;
                        break;
                    case "ID":
                        return "ERR client-id should be greater than 0";
                    case "TYPE" when Types.Contains(value, StringComparer.OrdinalIgnoreCase):
                        type = value;
                        break;
                    case "TYPE":
                        return $"ERR Unknown client type '{value}'";
                    case "ADDR":
                        RemoteAddress = value;
                        break;
                    case "LADDR":
                        localAddress = value;
                        break;
                    case "USER" when value == "default":
                        user = value;
                        break;
                    case "USER":
                        return $"ERR No such user '{value}'";
                    case "SKIPME" when value.Equals("yes", StringComparison.OrdinalIgnoreCase):
                        SkipMe = true;
                        break;
                    case "SKIPME" when value.Equals("no", StringComparison.OrdinalIgnoreCase):
                        SkipMe = false;
                        break;
                    default:
                        return "ERR syntax error";
                }
            }

            return null;
        }

        public bool Matches(GatewayClient client, GatewayClient self) =>
            (id is null || client.Id == id)
            && (RemoteAddress is null || client.RemoteAddress == RemoteAddress)
            && (localAddress is null || client.LocalAddress == localAddress)
            && (type is null || type.Equals("normal", StringComparison.OrdinalIgnoreCase))
            && (user is null || client.Authenticated)
            && !(SkipMe && ReferenceEquals(client, self));
    }
}
