using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Sluice.Resp;

/// <summary>
/// Writes RESP replies in the protocol that the client speaks (RESP2 or RESP3, <see href="https://redis.io/docs/latest/develop/reference/protocol-spec/"/>).
/// Pure: it only appends to its output.
/// </summary>
/// <param name="output">Where the bytes go.</param>
/// <param name="protocol">2 or 3.</param>
public sealed class RespWriter(IBufferWriter<byte> output, int protocol)
{
    // A type, a sign, 19 digits, a line break.
    private const int HeaderBytes = 24;

    /// <summary>2 or 3; HELLO changes it.</summary>
    public int Protocol { get; set; } = protocol;

    /// <summary><c>+text\r\n</c></summary>
    public void SimpleString(string text) => Line('+', text);

    /// <summary><c>-CODE message\r\n</c>; line breaks in the message become blanks.</summary>
    public void Error(string message) => Line('-', message.ReplaceLineEndings(" "));

    /// <summary><c>:number\r\n</c></summary>
    public void Integer(long value) => Header((byte)':', value);

    /// <summary><c>$length\r\nbytes\r\n</c></summary>
    public void BulkString(ReadOnlySpan<byte> value)
    {
        // One piece of exactly its length, asked for at once: an output that grows by doubling would double a large value for the line break behind it.
        Span<byte> header = stackalloc byte[HeaderBytes];
        var written = WriteHeader(header, (byte)'$', value.Length);
        var span = output.GetSpan(written + value.Length + 2);
        header[..written].CopyTo(span);
        value.CopyTo(span[written..]);
        written += value.Length;
        span[written++] = (byte)'\r';
        span[written++] = (byte)'\n';
        output.Advance(written);
    }

    /// <summary>A bulk string of UTF-8 text.</summary>
    public void BulkString(string text) => BulkString(Encoding.UTF8.GetBytes(text));

    /// <summary>The null: <c>$-1</c> in RESP2, <c>_</c> in RESP3.</summary>
    public void Null() => output.Write(Protocol >= 3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>The null array: <c>*-1</c> in RESP2, <c>_</c> in RESP3.</summary>
    public void NullArray() => output.Write(Protocol >= 3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// <summary>Begins an array of so many elements.</summary>
    public void Array(int count) => Header((byte)'*', count);

    /// <summary>Begins a map of so many pairs; in RESP2 an array of twice as many.</summary>
    public void Map(int pairs)
    {
        if (Protocol >= 3)
        {
            Header((byte)'%', pairs);
        }
        else
        {
            Array(2 * pairs);
        }
    }

    /// <summary>Begins a set of so many members; in RESP2 an array.</summary>
    public void Set(int count) => Header(Protocol >= 3 ? (byte)'~' : (byte)'*', count);

    /// <summary>A verbatim text in RESP3 (<c>=</c>, format txt), a bulk string in RESP2.</summary>
    public void VerbatimText(string text)
    {
        if (Protocol < 3)
        {
            BulkString(text);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        Header((byte)'=', bytes.Length + 4);
        output.Write("txt:"u8);
        output.Write(bytes);
        output.Write("\r\n"u8);
    }

    /// <summary>A truth value in RESP3 (<c>#t</c>), 1 or 0 in RESP2.</summary>
    public void Boolean(bool value)
    {
        if (Protocol >= 3)
        {
            output.Write(value ? "#t\r\n"u8 : "#f\r\n"u8);
        }
        else
        {
            Integer(value ? 1 : 0);
        }
    }

    /// <summary>A number in RESP3 (<c>,</c>), a bulk string in RESP2.</summary>
    public void Double(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (Protocol >= 3)
        {
            Line(',', text);
        }
        else
        {
            BulkString(text);
        }
    }

    /// <summary><c>+OK</c></summary>
    public void Ok() => output.Write("+OK\r\n"u8);

    /// <summary>Appends replies that are written already.</summary>
    public void Raw(ReadOnlySpan<byte> replies) => output.Write(replies);

    private void Header(byte type, long value)
    {
        output.Advance(WriteHeader(output.GetSpan(HeaderBytes), type, value));
    }

    private static int WriteHeader(Span<byte> span, byte type, long value)
    {
        span[0] = type;
        Utf8Formatter.TryFormat(value, span[1..], out var written);
        span[written + 1] = (byte)'\r';
        span[written + 2] = (byte)'\n';
        return written + 3;
    }

    private void Line(char type, string text)
    {
        var span = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length) + 3);
        span[0] = (byte)type;
        var written = Encoding.UTF8.GetBytes(text, span[1..]);
        span[written + 1] = (byte)'\r';
        span[written + 2] = (byte)'\n';
        output.Advance(written + 3);
    }
}
