using System.Globalization;

namespace Sluice.Storage.Commands;

/// <summary>Integers as Redis reads them (<c>string2ll</c>): decimal, without sign but '-', without leading zeros, blanks or '-0'.</summary>
internal static class RedisNumber
{
    /// <summary>The longest text of a number: <c>-9223372036854775808</c>.</summary>
    public const int MaxLength = 20;

    /// <summary>Reads a signed number of 64 bits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > MaxLength)
        {
            return false;
        }

        if (text.Length == 1 && text[0] == (byte)'0')
        {
            return true;
        }

        var digits = text[0] == (byte)'-' ? text[1..] : text;
        if (digits.IsEmpty || digits[0] is < (byte)'1' or > (byte)'9')
        {
            return false;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Reads a number argument.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static long Parse(ReadOnlySpan<byte> text) =>
        TryParse(text, out var value) ? value : throw new CommandException(RedisErrors.NotAnInteger);

    /// <summary>Writes a number; returns its length.</summary>
    public static int Format(long value, Span<byte> destination)
    {
        value.TryFormat(destination, out var written, default, CultureInfo.InvariantCulture);
        return written;
    }
}
