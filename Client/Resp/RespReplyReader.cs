using System.Buffers;
using System.Buffers.Text;

namespace Sluice.Client;

/// <summary>
/// Reads RESP2 replies and the RESP3 forms that Sluice sends. Pure: it works on a buffer, and either reads one whole reply and moves on, or leaves the buffer
/// as it is because the rest has not arrived yet.
/// </summary>
internal static class RespReplyReader
{
    /// <summary>Deeper nesting is refused: a peer that sends nonsense must not exhaust the stack.</summary>
    private const int MaxDepth = 16;

    /// <summary>The largest bulk string, 512 MiB: the limit of the protocol.</summary>
    private const int MaxBulk = 512 * 1024 * 1024;

    /// <summary>The longest array that is accepted.</summary>
    private const int MaxItems = 16 * 1024 * 1024;

    /// <summary>Reads all of so many replies that stand in one piece of memory.</summary>
    /// <exception cref="SluiceException">They are not well formed.</exception>
    public static RespReply[] ReadAll(byte[] bytes, int count)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        var replies = new RespReply[count];
        for (var i = 0; i < count; i++)
        {
            replies[i] = TryRead(ref reader, out var reply) ? reply : throw Malformed("it ends in the middle of a reply");
        }

        return replies;
    }

    /// <summary>Reads one reply if all of it has arrived.</summary>
    /// <exception cref="SluiceException">It is not well formed.</exception>
    public static bool TryRead(ref SequenceReader<byte> reader, out RespReply reply)
    {
        var start = reader;
        if (TryRead(ref reader, 0, out reply))
        {
            return true;
        }

        reader = start;
        return false;
    }

    private static bool TryRead(ref SequenceReader<byte> reader, int depth, out RespReply reply)
    {
        reply = RespReply.Null;
        if (depth > MaxDepth)
        {
            throw Malformed($"it is nested deeper than {MaxDepth}");
        }

        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
        {
            return false;
        }

        if (line.IsEmpty)
        {
            throw Malformed("a line is empty");
        }

        var text = line.ToArray();
        var rest = text.AsSpan(1);
        switch (text[0])
        {
            case (byte)'+':
            case (byte)',':
            case (byte)'(':
                reply = new RespReply(RespReplyKind.Simple, rest.ToArray(), 0, []);
                return true;
            case (byte)'-':
                reply = new RespReply(RespReplyKind.Error, rest.ToArray(), 0, []);
                return true;
            case (byte)':':
                reply = new RespReply(RespReplyKind.Integer, rest.ToArray(), Number(rest), []);
                return true;
            case (byte)'#':
                reply = new RespReply(RespReplyKind.Integer, rest.ToArray(), rest.SequenceEqual("t"u8) ? 1 : 0, []);
                return true;
            case (byte)'_':
                return true;
            case (byte)'$':
            case (byte)'=':
                return TryReadBulk(ref reader, Number(rest), out reply);
            case (byte)'*':
            case (byte)'~':
            case (byte)'>':
                return TryReadItems(ref reader, Number(rest), depth, out reply);
            case (byte)'%':
                return TryReadItems(ref reader, 2 * Number(rest), depth, out reply);
            default:
                throw Malformed($"a reply begins with byte {text[0]}");
        }
    }

    private static bool TryReadBulk(ref SequenceReader<byte> reader, long length, out RespReply reply)
    {
        reply = RespReply.Null;
        if (length == -1)
        {
            return true;
        }

        if (length is < 0 or > MaxBulk)
        {
            throw Malformed($"a bulk string claims {length} bytes");
        }

        if (reader.Remaining < length + 2)
        {
            return false;
        }

        var bytes = reader.UnreadSequence.Slice(0, length).ToArray();
        reader.Advance(length);
        if (!reader.IsNext("\r\n"u8, advancePast: true))
        {
            throw Malformed("a bulk string does not end where it said");
        }

        reply = new RespReply(RespReplyKind.Bulk, bytes, 0, []);
        return true;
    }

    private static bool TryReadItems(ref SequenceReader<byte> reader, long count, int depth, out RespReply reply)
    {
        reply = RespReply.Null;
        if (count == -1)
        {
            return true;
        }

        if (count is < 0 or > MaxItems)
        {
            throw Malformed($"an array claims {count} items");
        }

        // Not sized by the claim: memory follows what has really arrived.
        var items = new List<RespReply>();
        for (long i = 0; i < count; i++)
        {
            if (!TryRead(ref reader, depth + 1, out var item))
            {
                return false;
            }

            items.Add(item);
        }

        reply = new RespReply(RespReplyKind.Array, [], 0, items);
        return true;
    }

    private static long Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length ? value : throw Malformed("a number was expected");

    private static SluiceException Malformed(string why) => new($"The answer is not RESP: {why}. Is this the RESP port of a Sluice node?");
}
