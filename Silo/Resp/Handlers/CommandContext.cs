using System.Globalization;
using System.Text;
using Sluice.Resp;
using Sluice.Silo.Resp.Commands;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>Carries a command out that the gateway answers itself.</summary>
internal delegate ValueTask CommandHandler(CommandContext context);

/// <summary>A command that the gateway answers itself. One object a connection, used again for each command.</summary>
/// <param name="client">Who sent it.</param>
/// <param name="round">Where the reply goes.</param>
/// <param name="closed">The connection is gone: waiting has no use any more.</param>
internal sealed class CommandContext(GatewayClient client, CommandRound round, CancellationToken closed)
{
    /// <summary>Who sent it.</summary>
    public GatewayClient Client { get; } = client;

    /// <summary>Where large pieces of a reply go.</summary>
    public CommandRound Round { get; } = round;

    /// <summary>The connection is gone.</summary>
    public CancellationToken Closed { get; } = closed;

    /// <summary>What COMMAND says of it.</summary>
    public CommandInfo Info { get; set; } = null!;

    /// <summary>The name and the arguments. Their number is allowed by the command's arity.</summary>
    public byte[][] Arguments { get; set; } = [];

    /// <summary>Where the reply goes.</summary>
    public RespWriter Reply => Round.Writer;

    /// <summary>An argument as text.</summary>
    public string Text(int index) => Encoding.UTF8.GetString(Arguments[index]);

    /// <summary>True when an argument is this word, in any case.</summary>
    public bool Is(int index, string word) =>
        index < Arguments.Length && Arguments[index].Length == word.Length && Text(index).Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>An argument as a whole number.</summary>
    public bool TryInteger(int index, out long value) =>
        long.TryParse(Text(index), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary><c>-ERR syntax error</c></summary>
    public ValueTask SyntaxError() => Error("ERR syntax error");

    /// <summary>Replies with an error.</summary>
    public ValueTask Error(string message)
    {
        Reply.Error(message);
        return ValueTask.CompletedTask;
    }

    /// <summary>Replies <c>+OK</c>.</summary>
    public ValueTask Ok()
    {
        Reply.Ok();
        return ValueTask.CompletedTask;
    }
}
