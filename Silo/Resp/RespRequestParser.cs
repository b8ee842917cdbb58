using System.Buffers;
using System.Buffers.Text;
using Sluice.Resp;

namespace Sluice.Silo.Resp;

/// <summary>
/// Reads commands from a client's bytes: RESP arrays of bulk strings, or inline commands with Redis' quoting. Pure, incremental: whatever of a command is there is
/// consumed and kept here, so that a 512 MiB value that arrives in pieces is copied once and its pieces are never looked at again; only an incomplete
/// header line (64 KiB at most) stays in the input. A claimed length is not believed: an argument's buffer grows to at most
/// eight times what has arrived, and to its claimed length only then. (The system gives it memory for no more than what has; and the buffers that
/// were outgrown, which are garbage, are a seventh of the value.)
/// </summary>
/// <param name="intern">Gives the shared copy of a known command name, whatever its case, so that the hot path doesn't allocate one for each command; null to copy each.</param>
public sealed class RespRequestParser(RespRequestParser.NameInterner? intern = null)
{
    private const int FirstBufferBytes = 16 * 1024;
    private const int FirstArguments = 64;

    private readonly List<byte[]> words = [];
    private byte[][] arguments = [];
    private int argumentCount;
    private int expectedArguments;
    private long commandBytes;
    private byte[]? bulk;
    private int bulkLength = -1;
    private int bulkFilled;
    private int trailerSeen;

    /// <summary>Gives the shared copy of a name, or null.</summary>
    public delegate byte[]? NameInterner(ReadOnlySpan<byte> name);

    private enum Step
    {
        NeedMore,
        Progress,
        Command,
    }

    /// <summary>In force for what is parsed from now on.</summary>
    public RespLimits Limits { get; set; } = RespLimits.Default;

    /// <summary>True when a part of a command was consumed.</summary>
    public bool IsInsideCommand => expectedArguments > 0;

    /// <summary>Bytes of the arguments of the last command that was complete; inline commands count as nothing.</summary>
    public long LastCommandBytes { get; private set; }

    /// <summary>Bytes held for an incomplete command.</summary>
    public long PendingBytes => commandBytes + (bulk?.Length ?? 0);

    /// <summary>Reads the next command and moves <paramref name="input"/> past what was consumed, whether or not a command is complete.</summary>
    /// <param name="input">What arrived and was not consumed yet.</param>
    /// <param name="command">The name as the client wrote it, or its interned copy, and the arguments.</param>
    /// <returns>False when more input is needed.</returns>
    /// <exception cref="RespFormatException">The bytes are no command; nothing that follows them can be understood.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> input, out byte[][] command)
    {
        command = [];
        while (!input.IsEmpty)
        {
            var span = input.FirstSpan;
            if (span.IsEmpty)
            {
                var next = input.Start;
                input.TryGet(ref next, out _);
                input = input.Slice(next);
                continue;
            }

            var used = 0;
            var step = Step.Progress;
            while (step == Step.Progress && used < span.Length)
            {
                step = Advance(span, ref used);
            }

            input = input.Slice(used);
            if (step == Step.NeedMore && !TryJoinedLine(ref input, out step))
            {
                return false;
            }

            if (step == Step.Command)
            {
                command = TakeCommand();
                return true;
            }
        }

        return false;
    }

    /// <summary>Consumes one token, or as much of a bulk string as there is.</summary>
    private Step Advance(ReadOnlySpan<byte> span, ref int used)
    {
        if (bulkLength >= 0)
        {
            return AdvanceBulk(span, ref used);
        }

        var rest = span[used..];
        var end = rest.IndexOf((byte)'\n');
        if (end < 0)
        {
            return Step.NeedMore;
        }

        used += end + 1;
        return Line(rest[..end]);
    }

    /// <summary>A header line that lies in more than one segment, or is not complete.</summary>
    private bool TryJoinedLine(ref ReadOnlySequence<byte> input, out Step step)
    {
        step = Step.NeedMore;
        var end = input.PositionOf((byte)'\n');
        if ((end is null ? input.Length : input.GetOffset(end.Value) - input.GetOffset(input.Start)) > RespLimits.MaxInlineBytes)
        {
            throw new RespFormatException(TooLong(input.FirstSpan[0]));
        }

        if (end is null)
        {
            return false;
        }

        var line = input.Slice(0, end.Value);
        step = Line(line.IsSingleSegment ? line.FirstSpan : line.ToArray());
        input = input.Slice(input.GetPosition(1, end.Value));
        return true;
    }

    private string TooLong(byte first) =>
        expectedArguments > 0 ? "too big bulk count string"
        : first == (byte)'*' ? "too big mbulk count string"
        : "too big inline request";

    /// <summary>A line without its line feed.</summary>
    private Step Line(ReadOnlySpan<byte> line)
    {
        if (line.Length > RespLimits.MaxInlineBytes)
        {
            throw new RespFormatException(TooLong(line[0]));
        }

        if (expectedArguments > 0)
        {
            return BulkHeader(line);
        }

        return line.Length > 0 && line[0] == (byte)'*' ? ArrayHeader(line) : Inline(line);
    }

    private Step ArrayHeader(ReadOnlySpan<byte> line)
    {
        if (!TryNumber(line, out var count) || count > RespLimits.MaxArguments)
        {
            throw new RespFormatException("invalid multibulk length");
        }

        if (!Limits.Authenticated && count > RespLimits.MaxUnauthenticatedArguments)
        {
            throw new RespFormatException("unauthenticated multibulk length");
        }

        if (count > 0)
        {
            expectedArguments = (int)count;
            arguments = new byte[Math.Min(expectedArguments, FirstArguments)][];
        }

        return Step.Progress;
    }

    private Step BulkHeader(ReadOnlySpan<byte> line)
    {
        if (line.Length == 0 || line[0] != (byte)'$')
        {
            // The character as it came, as Redis shows it: Latin-1 keeps any byte.
            throw new RespFormatException($"expected '$', got '{(line.Length == 0 ? '\n' : (char)line[0])}'");
        }

        if (!TryNumber(line, out var length) || length < 0 || length > Math.Min(Limits.MaxBulkBytes, Array.MaxLength))
        {
            throw new RespFormatException("invalid bulk length");
        }

        if (!Limits.Authenticated && length > RespLimits.MaxUnauthenticatedBulkBytes)
        {
            throw new RespFormatException("unauthenticated bulk length");
        }

        if (commandBytes + length > RespLimits.MaxCommandBytes)
        {
            throw new RespFormatException($"a command's arguments exceed {RespLimits.MaxCommandBytes} bytes");
        }

        bulkLength = (int)length;
        bulkFilled = 0;
        trailerSeen = 0;
        return Step.Progress;
    }

    private Step AdvanceBulk(ReadOnlySpan<byte> span, ref int used)
    {
        var rest = span[used..];
        if (bulk is null && rest.Length >= bulkLength + 2)
        {
            // The usual case: the whole argument is here.
            var value = rest[..bulkLength];
            CheckTrailer(rest[bulkLength], 0);
            CheckTrailer(rest[bulkLength + 1], 1);
            used += bulkLength + 2;
            return Completed(Copy(value));
        }

        var piece = rest[..Math.Min(rest.Length, bulkLength - bulkFilled)];
        Keep(piece);
        used += piece.Length;
        while (bulkFilled == bulkLength && used < span.Length)
        {
            CheckTrailer(span[used++], trailerSeen++);
            if (trailerSeen == 2)
            {
                return Completed(argumentCount == 0 ? Copy(bulk) : bulk!);
            }
        }

        return Step.Progress;
    }

    private byte[] Copy(ReadOnlySpan<byte> value) =>
        (argumentCount == 0 ? intern?.Invoke(value) : null) ?? value.ToArray();

    private void Keep(ReadOnlySpan<byte> piece)
    {
        if (bulk is null || bulk.Length - bulkFilled < piece.Length)
        {
            var capacity = (int)Math.Min(bulkLength, Math.Max(FirstBufferBytes, 8L * (bulkFilled + piece.Length)));
            var larger = GC.AllocateUninitializedArray<byte>(capacity);
            bulk.AsSpan(0, bulkFilled).CopyTo(larger);
            bulk = larger;
        }

        piece.CopyTo(bulk.AsSpan(bulkFilled));
        bulkFilled += piece.Length;
    }

    private Step Completed(byte[] argument)
    {
        if (argumentCount == arguments.Length)
        {
            Array.Resize(ref arguments, (int)Math.Min(expectedArguments, 2L * arguments.Length));
        }

        arguments[argumentCount++] = argument;
        commandBytes += argument.Length;
        bulk = null;
        bulkLength = -1;
        return argumentCount == expectedArguments ? Step.Command : Step.Progress;
    }

    private Step Inline(ReadOnlySpan<byte> line)
    {
        if (line.Length > 0 && line[^1] == (byte)'\r')
        {
            line = line[..^1];
        }

        if (!QuotedWords.TrySplit(line, words))
        {
            throw new RespFormatException("unbalanced quotes in request");
        }

        if (words.Count == 0)
        {
            return Step.Progress;
        }

        words[0] = intern?.Invoke(words[0]) ?? words[0];
        arguments = words.ToArray();
        words.Clear();
        return Step.Command;
    }

    private byte[][] TakeCommand()
    {
        var command = arguments;
        arguments = [];
        argumentCount = 0;
        expectedArguments = 0;
        LastCommandBytes = commandBytes;
        commandBytes = 0;
        return command;
    }

    private static void CheckTrailer(byte value, int index)
    {
        // Redis skips these two bytes unseen; a client that counts wrongly would store something else than it means to.
        if (value != (index == 0 ? (byte)'\r' : (byte)'\n'))
        {
            throw new RespFormatException("expected CRLF after a bulk string");
        }
    }

    /// <summary>The number of a header line, written as Redis demands it: no plus sign, no leading zeros, no blanks, CR before the line feed.</summary>
    private static bool TryNumber(ReadOnlySpan<byte> line, out long number)
    {
        number = 0;
        if (line.Length < 3 || line[^1] != (byte)'\r')
        {
            return false;
        }

        var digits = line[1..^1];
        var first = digits[0] == (byte)'-' ? 1 : 0;
        if (digits.Length == first || digits[0] == (byte)'+' || (digits[first] == (byte)'0' && digits.Length > 1))
        {
            return false;
        }

        return Utf8Parser.TryParse(digits, out number, out var consumed) && consumed == digits.Length;
    }
}
