using System.Security.Cryptography;
using System.Text;
using Sluice.Configuration;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>PING ECHO HELLO AUTH SELECT QUIT RESET.</summary>
internal sealed class ConnectionHandlers(LiveConfiguration configuration, NodeRoleView role)
{
    private const string WrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";
    private const string BadName = "ERR Client names cannot contain spaces, newlines or special characters.";

    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("ping", Ping),
        new("echo", Echo),
        new("hello", HelloAsync),
        new("auth", Auth),
        new("select", Select),
        new("quit", Quit),
        new("reset", Reset),
    ];

    /// <summary>Redis' rule for names: visible ASCII without blanks.</summary>
    public static bool IsValidName(ReadOnlySpan<byte> name) => name.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;

    private static ValueTask Ping(CommandContext context)
    {
        switch (context.Arguments.Length)
        {
            case 1:
                context.Reply.SimpleString("PONG");
                return ValueTask.CompletedTask;
            case 2:
                context.Reply.BulkString(context.Arguments[1]);
                return ValueTask.CompletedTask;
            default:
                return context.Error("ERR wrong number of arguments for 'ping' command");
        }
    }

    private static ValueTask Echo(CommandContext context)
    {
        context.Reply.BulkString(context.Arguments[1]);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Select(CommandContext context)
    {
        if (!context.TryInteger(1, out var index) || index is < int.MinValue or > int.MaxValue)
        {
            return context.Error("ERR value is not an integer or out of range");
        }

        return index == 0 ? context.Ok() : context.Error("ERR DB index is out of range");
    }

    private static ValueTask Quit(CommandContext context)
    {
        context.Client.CloseAfterReplies = true;
        return context.Ok();
    }

    private ValueTask Reset(CommandContext context)
    {
        context.Client.Reset(authenticated: configuration.RequirePass.Length == 0);
        context.Reply.Protocol = context.Client.Protocol;
        context.Reply.SimpleString("RESET");
        return ValueTask.CompletedTask;
    }

    private ValueTask Auth(CommandContext context)
    {
        var arguments = context.Arguments;
        if (arguments.Length > 3)
        {
            return context.SyntaxError();
        }

        if (arguments.Length == 2 && configuration.RequirePass.Length == 0)
        {
            return context.Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?");
        }

        if (!IsAllowed(arguments.Length == 2 ? "default"u8 : arguments[1], arguments[^1]))
        {
            return context.Error(WrongPassword);
        }

        context.Client.Authenticated = true;
        return context.Ok();
    }

    private ValueTask HelloAsync(CommandContext context)
    {
        var protocol = context.Client.Protocol;
        if (context.Arguments.Length > 1)
        {
            if (!context.TryInteger(1, out var wanted))
            {
                return context.Error("ERR Protocol version is not an integer or out of range");
            }

            if (wanted is not (2 or 3))
            {
                return context.Error("NOPROTO unsupported protocol version");
            }

            protocol = (int)wanted;
        }

        string? name = null;
        var authenticated = context.Client.Authenticated || configuration.RequirePass.Length == 0;
        for (var i = 2; i < context.Arguments.Length; i++)
        {
            if (context.Is(i, "AUTH") && i + 2 < context.Arguments.Length)
            {
                if (!IsAllowed(context.Arguments[i + 1], context.Arguments[i + 2]))
                {
                    return context.Error(WrongPassword);
                }

                authenticated = true;
                i += 2;
            }
            else if (context.Is(i, "SETNAME") && i + 1 < context.Arguments.Length)
            {
                if (!IsValidName(context.Arguments[++i]))
                {
                    return context.Error(BadName);
                }

                name = context.Text(i);
            }
            else
            {
                return context.Error($"ERR Syntax error in HELLO option '{context.Text(i)}'");
            }
        }

        if (!authenticated)
        {
            return context.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
        }

        context.Client.Authenticated = true;
        context.Client.Protocol = protocol;
        context.Client.Name = name ?? context.Client.Name;
        return DescribeAsync(context);
    }

    private ValueTask DescribeAsync(CommandContext context)
    {
        var reply = context.Reply;
        reply.Protocol = context.Client.Protocol;
        reply.Map(7);
        reply.BulkString("server");
        reply.BulkString("redis");
        reply.BulkString("version");
        reply.BulkString(Compatibility.RedisVersion);
        reply.BulkString("proto");
        reply.Integer(context.Client.Protocol);
        reply.BulkString("id");
        reply.Integer(context.Client.Id);
        reply.BulkString("mode");
        reply.BulkString("standalone");
        reply.BulkString("role");
        reply.BulkString(role.IsReplica ? "replica" : "master");
        reply.BulkString("modules");
        reply.Array(0);
        return ValueTask.CompletedTask;
    }

    /// <summary>Compares hashes in constant time, so that neither the time nor the length of the comparison tells anything of the password.</summary>
    private bool IsAllowed(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        if (!user.SequenceEqual("default"u8))
        {
            return false;
        }

        var wanted = configuration.RequirePass;
        if (wanted.Length == 0)
        {
            return true;
        }

        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(password, given);
        SHA256.HashData(Encoding.UTF8.GetBytes(wanted), expected);
        return CryptographicOperations.FixedTimeEquals(given, expected);
    }
}
