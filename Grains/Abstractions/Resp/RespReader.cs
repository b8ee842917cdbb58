using System.Buffers.Text;
using System.Collections.Immutable;

namespace Sluice.Resp;

/// <summary>
/// Reads replies (RESP2 and RESP3) from a span. Pure. An incomplete reply is no error: <see cref="TryRead"/> and <see cref="TrySkip"/> say false and stay
/// where they were, and the caller comes back with more bytes. Claimed lengths are never allocated for: only what is there is.
/// </summary>
/// <param name="input">The bytes, from the beginning of a reply.</param>
public ref struct RespReader(ReadOnlySpan<byte> input)
{
    /// <summary>Replies nest no deeper: the deepest that Redis has (COMMAND DOCS) are far below.</summary>
    public const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> input = input;

    /// <summary>How many bytes were read: the offset of the next reply.</summary>
    public int Consumed { get; private set; }

    /// <summary>True when every byte was read.</summary>
    public readonly bool IsAtEnd => Consumed == input.Length;

    /// <summary>The first byte of the next reply: its type. 0 at the end.</summary>
    public readonly byte NextType => IsAtEnd ? (byte)0 : input[Consumed];

    /// <summary>Reads one reply with all its elements. Its bytes are copies.</summary>
    /// <exception cref="RespFormatException">The bytes are no RESP.</exception>
    public bool TryRead(out RespValue value)
    {
        var offset = Consumed;
        var read = TryRead(ref offset, 0);
        value = read!;
        if (read is null)
        {
            return false;
        }

        Consumed = offset;
        return true;
    }

    /// <summary>Goes past one reply with all its elements, and says how many bytes it takes.</summary>
    /// <exception cref="RespFormatException">The bytes are no RESP.</exception>
    public bool TrySkip(out ReadOnlySpan<byte> reply)
    {
        var offset = Consumed;
        if (!TrySkip(ref offset, 0))
        {
            reply = default;
            return false;
        }

        reply = input[Consumed..offset];
        Consumed = offset;
        return true;
    }

    /// <summary>Reads the header of an array, set, push or map and stands before its first element.</summary>
    /// <param name="count">The number of elements (twice the pairs of a map); -1 for a null array.</param>
    /// <exception cref="RespFormatException">The next reply is none of those.</exception>
    public bool TryReadArrayHeader(out int count)
    {
        var offset = Consumed;
        count = 0;
        if (!TryLine(ref offset, out var type, out var line))
        {
            return false;
        }

        count = type switch
        {
            (byte)'*' or (byte)'~' or (byte)'>' => (int)Length(line, int.MaxValue),
            (byte)'%' => 2 * (int)Length(line, int.MaxValue / 2),
            (byte)'_' => -1,
            _ => throw new RespFormatException($"expected an array, got '{Printable(type)}'"),
        };
        Consumed = offset;
        return true;
    }

    private readonly RespValue? TryRead(ref int offset, int depth)
    {
        if (!TryLine(ref offset, out var type, out var line))
        {
            return null;
        }

        switch (type)
        {
            case (byte)'+':
                return new RespValue { Kind = RespKind.SimpleString, Bytes = line.ToArray() };
            case (byte)'-':
                return new RespValue { Kind = RespKind.Error, Bytes = line.ToArray() };
            case (byte)':':
                return new RespValue { Kind = RespKind.Integer, Integer = Integer(line) };
            case (byte)'_':
                return new RespValue { Kind = RespKind.Null };
            case (byte)'#':
                return new RespValue { Kind = RespKind.Boolean, Integer = line is [(byte)'t'] ? 1 : line is [(byte)'f'] ? 0 : throw new RespFormatException("expected #t or #f") };
            case (byte)',':
                return new RespValue { Kind = RespKind.Double, Bytes = line.ToArray() };
            case (byte)'(':
                return new RespValue { Kind = RespKind.BigNumber, Bytes = line.ToArray() };
            case (byte)'$':
            case (byte)'=':
            case (byte)'!':
                return TryReadBulk(ref offset, type, Length(line, int.MaxValue));
            default:
                return TryReadItems(ref offset, type, line, depth);
        }
    }

    private readonly RespValue? TryReadBulk(ref int offset, byte type, long length)
    {
        if (length < 0)
        {
            return new RespValue { Kind = RespKind.Null };
        }

        if (!TryBulk(ref offset, length, out var bytes))
        {
            return null;
        }

        if (type != (byte)'=')
        {
            return new RespValue { Kind = type == (byte)'!' ? RespKind.Error : RespKind.BulkString, Bytes = bytes.ToArray() };
        }

        return bytes.Length >= 4 && bytes[3] == (byte)':'
            ? new RespValue { Kind = RespKind.VerbatimString, Bytes = bytes[4..].ToArray() }
            : throw new RespFormatException("a verbatim string begins with its format and a colon");
    }

    private readonly RespValue? TryReadItems(ref int offset, byte type, ReadOnlySpan<byte> line, int depth)
    {
        var (kind, factor) = type switch
        {
            (byte)'*' => (RespKind.Array, 1),
            (byte)'~' => (RespKind.Set, 1),
            (byte)'>' => (RespKind.Push, 1),
            (byte)'%' => (RespKind.Map, 2),
            _ => throw new RespFormatException($"'{Printable(type)}' begins no RESP type"),
        };
        var length = Length(line, int.MaxValue / 2) * factor;
        if (length < 0)
        {
            return new RespValue { Kind = RespKind.Null };
        }

        CheckDepth(depth);
        if (length > input.Length - offset)
        {
            return null; // Each element takes at least a byte: they can't all be here, and a claimed count is nothing to allocate for.
        }

        var items = ImmutableArray.CreateBuilder<RespValue>((int)Math.Min(length, 1024));
        for (var i = 0L; i < length; i++)
        {
            var item = TryRead(ref offset, depth + 1);
            if (item is null)
            {
                return null;
            }

            items.Add(item);
        }

        return new RespValue { Kind = kind, Items = items.DrainToImmutable() };
    }

    private readonly bool TrySkip(ref int offset, int depth)
    {
        if (!TryLine(ref offset, out var type, out var line))
        {
            return false;
        }

        switch (type)
        {
            case (byte)'$' or (byte)'=' or (byte)'!':
                var length = Length(line, int.MaxValue);
                return length < 0 || TryBulk(ref offset, length, out _);
            case (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%':
                CheckDepth(depth);
                var count = Length(line, int.MaxValue / 2) * (type == (byte)'%' ? 2 : 1);
                for (var i = 0L; i < count; i++)
                {
                    if (!TrySkip(ref offset, depth + 1))
                    {
                        return false;
                    }
                }

                return true;
            case (byte)'+' or (byte)'-' or (byte)':' or (byte)'_' or (byte)'#' or (byte)',' or (byte)'(':
                return true;
            default:
                throw new RespFormatException($"'{Printable(type)}' begins no RESP type");
        }
    }

    private readonly bool TryLine(ref int offset, out byte type, out ReadOnlySpan<byte> line)
    {
        type = 0;
        line = default;
        var rest = input[offset..];
        var end = rest.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        if (end == 0)
        {
            throw new RespFormatException("expected a RESP type, got an empty line");
        }

        type = rest[0];
        line = rest[1..end];
        offset += end + 2;
        return true;
    }

    private readonly bool TryBulk(ref int offset, long length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (input.Length - offset - 2 < length)
        {
            return false;
        }

        bytes = input.Slice(offset, (int)length);
        if (!input.Slice(offset + (int)length, 2).SequenceEqual("\r\n"u8))
        {
            throw new RespFormatException("expected CRLF after a bulk string");
        }

        offset += (int)length + 2;
        return true;
    }

    private static long Length(ReadOnlySpan<byte> line, long max)
    {
        var length = Integer(line);
        return length >= -1 && length <= max ? length : throw new RespFormatException($"invalid length {length}");
    }

    private static long Integer(ReadOnlySpan<byte> line) =>
        Utf8Parser.TryParse(line, out long value, out var used) && used == line.Length
            ? value
            : throw new RespFormatException("expected an integer");

    private static void CheckDepth(int depth)
    {
        if (depth >= MaxDepth)
        {
            throw new RespFormatException($"replies nest deeper than {MaxDepth}");
        }
    }

    private static char Printable(byte value) => value is >= 32 and < 127 ? (char)value : '?';
}
