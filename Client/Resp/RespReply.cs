using System.Text;

namespace Sluice.Client;

/// <summary>What a reply is.</summary>
internal enum RespReplyKind
{
    Simple,
    Error,
    Integer,
    Bulk,
    Null,
    Array,
}

/// <summary>One reply, read.</summary>
internal sealed record RespReply(RespReplyKind Kind, byte[] Bytes, long Integer, IReadOnlyList<RespReply> Items)
{
    public static RespReply Null { get; } = new(RespReplyKind.Null, [], 0, []);

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>The bytes of a value, null when there is none.</summary>
    /// <exception cref="SluiceCommandException">It is an error reply.</exception>
    public byte[]? AsValue() => Checked().Kind switch
    {
        RespReplyKind.Null => null,
        RespReplyKind.Bulk or RespReplyKind.Simple => Bytes,
        _ => throw Unexpected("a value"),
    };

    /// <summary>The number.</summary>
    /// <exception cref="SluiceCommandException">It is an error reply.</exception>
    public long AsInteger() => Checked().Kind == RespReplyKind.Integer ? Integer : throw Unexpected("a number");

    /// <summary>True for OK, false for null: the reply to a conditional write.</summary>
    /// <exception cref="SluiceCommandException">It is an error reply.</exception>
    public bool AsDone() => Checked().Kind switch
    {
        RespReplyKind.Null => false,
        RespReplyKind.Simple => true,
        _ => throw Unexpected("OK"),
    };

    /// <summary>This reply, unless it is an error.</summary>
    /// <exception cref="SluiceCommandException">It is an error reply.</exception>
    public RespReply Checked() => Kind == RespReplyKind.Error ? throw new SluiceCommandException(Text) : this;

    /// <summary>The error's first word is <paramref name="code"/>.</summary>
    public bool IsError(string code) => Kind == RespReplyKind.Error && Text.StartsWith(code + " ", StringComparison.Ordinal);

    private SluiceException Unexpected(string wanted) => new($"The node answered {Kind} where {wanted} was expected: is it of another version?");
}
