using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sluice.Resp;

/// <summary>
/// Redis' way to write words on a line, in inline commands and configuration files: separated by blanks; <c>"..."</c> with the escapes <c>\n \r \t \b \a \\ \" \xHH</c>;
/// <c>'...'</c> with <c>\'</c> only. A closing quote is followed by a blank or the line's end.
/// </summary>
public static class QuotedWords
{
    /// <summary>Splits a line (without its line break) into words.</summary>
    /// <returns>False when quotes are unbalanced.</returns>
    public static bool TrySplit(ReadOnlySpan<byte> line, List<byte[]> words)
    {
        words.Clear();
        var buffer = new ArrayBufferWriter<byte>(64);
        var at = 0;
        while (true)
        {
            while (at < line.Length && IsBlank(line[at]))
            {
                at++;
            }

            if (at == line.Length)
            {
                return true;
            }

            buffer.ResetWrittenCount();
            if (!TryWord(line, ref at, buffer))
            {
                return false;
            }

            words.Add(buffer.WrittenSpan.ToArray());
        }
    }

    /// <summary>Writes a word so that <see cref="TrySplit"/> reads it back: quoted when it is empty or has other than visible characters.</summary>
    public static string Quote(string word)
    {
        var bytes = Encoding.UTF8.GetBytes(word);
        if (bytes.Length > 0 && Array.TrueForAll(bytes, value => value is > 32 and < 127 and not (byte)'"' and not (byte)'\'' and not (byte)'\\' and not (byte)'#'))
        {
            return word;
        }

        var quoted = new StringBuilder("\"");
        foreach (var value in bytes)
        {
            _ = value switch
            {
                (byte)'"' or (byte)'\\' => quoted.Append('\\').Append((char)value),
                >= 32 and < 127 => quoted.Append((char)value),
                _ => quoted.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static bool TryWord(ReadOnlySpan<byte> line, ref int at, ArrayBufferWriter<byte> word)
    {
        while (at < line.Length && !IsBlank(line[at]))
        {
            var current = line[at++];
            if (current is not ((byte)'"' or (byte)'\''))
            {
                Put(word, current);
                continue;
            }

            if (!TryQuoted(line, ref at, current, word) || (at < line.Length && !IsBlank(line[at])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads up to and past the closing quote; false when there is none.</summary>
    private static bool TryQuoted(ReadOnlySpan<byte> line, ref int at, byte quote, ArrayBufferWriter<byte> word)
    {
        while (at < line.Length)
        {
            var current = line[at++];
            if (current == quote)
            {
                return true;
            }

            if (current != (byte)'\\' || at == line.Length)
            {
                Put(word, current);
            }
            else if (quote == (byte)'"')
            {
                Put(word, Escaped(line, ref at));
            }
            else if (line[at] == (byte)'\'')
            {
                Put(word, line[at++]);
            }
            else
            {
                Put(word, current);
            }
        }

        return false;
    }

    private static byte Escaped(ReadOnlySpan<byte> line, ref int at)
    {
        if (line[at] == (byte)'x' && at + 2 < line.Length && char.IsAsciiHexDigit((char)line[at + 1]) && char.IsAsciiHexDigit((char)line[at + 2]))
        {
            var value = (HexValue(line[at + 1]) << 4) | HexValue(line[at + 2]);
            at += 3;
            return (byte)value;
        }

        return line[at++] switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            var other => other,
        };
    }

    private static int HexValue(byte digit) => digit <= (byte)'9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static bool IsBlank(byte value) => value is (byte)' ' or (>= 9 and <= 13) or 0;

    private static void Put(ArrayBufferWriter<byte> word, byte value)
    {
        word.GetSpan(1)[0] = value;
        word.Advance(1);
    }
}
