using System.Globalization;

namespace Sluice.Configuration;

/// <summary>Sizes in bytes as Redis' configuration writes them.</summary>
public static class MemorySize
{
    /// <summary>
    /// Reads <c>123</c>, <c>123b</c>, <c>1k</c> (1000), <c>1kb</c> (1024), <c>1m</c>, <c>1mb</c>, <c>1g</c>, <c>1gb</c>, in any case; whole numbers only.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        var digits = text.IndexOfAnyExceptInRange('0', '9');
        if (digits < 0)
        {
            digits = text.Length;
        }

        if (!ulong.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        Span<char> unit = stackalloc char[2];
        if (text.Length - digits > unit.Length)
        {
            return false;
        }

        unit = unit[..text[digits..].ToLowerInvariant(unit)];
        ulong? factor = unit switch
        {
            "" or "b" => 1,
            "k" => 1000,
            "kb" => 1024,
            "m" => 1000 * 1000,
            "mb" => 1024 * 1024,
            "g" => 1000 * 1000 * 1000,
            "gb" => 1024 * 1024 * 1024,
            _ => null,
        };
        if (factor is null || number > (ulong)long.MaxValue / factor)
        {
            return false;
        }

        bytes = (long)(number * factor.Value);
        return true;
    }

    /// <summary>Writes a size for people as Redis does: <c>512B</c>, <c>1.50K</c>, <c>3.00M</c>, <c>2.25G</c>.</summary>
    public static string ToHuman(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes}B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F2}K"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):F2}M"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):F2}G"),
    };
}
