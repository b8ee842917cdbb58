using System.Globalization;

namespace Sluice.Cli.Rendering;

/// <summary>Sizes, rates and times as people read and write them.</summary>
internal static class Quantity
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    // As in redis.conf: k is 1,000 and kb is 1,024.
    private static readonly Dictionary<string, long> Factors = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = 1, ["b"] = 1,
        ["k"] = 1000, ["kb"] = 1L << 10, ["kib"] = 1L << 10,
        ["m"] = 1000 * 1000, ["mb"] = 1L << 20, ["mib"] = 1L << 20,
        ["g"] = 1000 * 1000 * 1000, ["gb"] = 1L << 30, ["gib"] = 1L << 30,
    };

    public static string Bytes(long bytes)
    {
        double value = bytes;
        var unit = 0;
        // 1023.95 would be shown as 1024.0 of the smaller unit.
        while (Math.Abs(value) >= 1023.95 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} B")
            : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    public static string Rate(long bytesPerSecond) => bytesPerSecond <= 0 ? "-" : $"{Bytes(bytesPerSecond)}/s";

    public static string Limit(long? bytesPerSecond) => bytesPerSecond switch { null => "unknown", 0 => "no limit", { } limit => $"{Bytes(limit)}/s" };

    public static string Share(double part) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(100 * part)} %");

    public static string Headroom(int percent) => percent == NodeBandwidthReport.AutoHeadroom ? "auto" : string.Create(CultureInfo.InvariantCulture, $"{percent} %");

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    /// <summary>A time in its two largest units.</summary>
    public static string Time(TimeSpan? time) => time switch
    {
        null => "-",
        { TotalSeconds: < 1 } => "< 1 s",
        { TotalMinutes: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0} s"),
        { TotalHours: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds:00} s"),
        { TotalDays: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.Hours} h {span.Minutes:00} min"),
        { } span => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalDays} d {span.Hours:00} h"),
    };

    /// <summary>Reads <c>0</c>, <c>1048576</c>, <c>20mb</c>, <c>1.5g</c>.</summary>
    /// <exception cref="UsageException">The text is no size.</exception>
    public static long ParseBytes(string option, string text)
    {
        var (number, unit) = Split(text);
        return Factors.TryGetValue(unit, out var factor)
            && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= long.MaxValue / factor
            ? (long)(value * factor)
            : throw new UsageException($"{option} '{text}' is no size: write a number of bytes, or one with k, kb, m, mb, g or gb, for example 20mb.");
    }

    /// <summary>Reads <c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c>; a number alone is seconds. Above 0.</summary>
    /// <exception cref="UsageException">The text is no time.</exception>
    public static TimeSpan ParseTime(string option, string text)
    {
        var (number, unit) = Split(text);
        double? factor = unit switch { "ms" => 0.001, "" or "s" => 1, "m" or "min" => 60, "h" => 3600, "d" => 86400, _ => null };
        return factor is { } seconds && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value * seconds is > 0 and < 1e9
            ? TimeSpan.FromSeconds(value * seconds)
            : throw new UsageException($"{option} '{text}' is no time: write a number with ms, s, m, h or d, for example 500ms or 10s.");
    }

    /// <summary>A moment as the clock on this machine's wall shows it.</summary>
    public static string Moment(DateTimeOffset moment, TimeProvider time) =>
        TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    /// <summary>A short time in milliseconds.</summary>
    public static string Milliseconds(TimeSpan? time) => time switch
    {
        null => "?",
        { TotalMilliseconds: >= 10 or 0 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0} ms"),
        { } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.0} ms"),
    };

    /// <summary>
    /// Reads a moment to come: <c>18:30</c> (the next one), <c>2026-11-24T06:00</c> (on this machine's clock unless it names an offset), Unix seconds.
    /// </summary>
    /// <exception cref="UsageException">The text is no moment, or one that has passed.</exception>
    public static DateTimeOffset ParseMoment(string option, string text, TimeProvider time)
    {
        var now = time.GetUtcNow();
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 253_402_300_799)
        {
            return Future(DateTimeOffset.FromUnixTimeSeconds(seconds));
        }

        if (TimeOnly.TryParseExact(text, ["H:mm", "H:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var clock))
        {
            var today = TimeZoneInfo.ConvertTime(now, time.LocalTimeZone).Date + clock.ToTimeSpan();
            var moment = Local(today);
            return moment > now ? moment : Local(today.AddDays(1));
        }

        if (DateTime.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var there))
        {
            return Future(Local(there));
        }

        return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var anywhere)
            ? Future(anywhere)
            : throw new UsageException($"{option} '{text}' is no moment: write 18:30, 2026-11-24T06:00, 2026-11-24T06:00Z or Unix seconds.");

        DateTimeOffset Local(DateTime clockTime) => new(clockTime, time.LocalTimeZone.GetUtcOffset(clockTime));
        DateTimeOffset Future(DateTimeOffset moment) => moment > now ? moment
            : throw new UsageException($"{option} '{text}' has passed: it is {Moment(now, time)}.");
    }

    private static (string Number, string Unit) Split(string text)
    {
        var trimmed = text.Trim();
        var end = 0;
        while (end < trimmed.Length && (char.IsAsciiDigit(trimmed[end]) || trimmed[end] == '.'))
        {
            end++;
        }

        return (trimmed[..end], trimmed[end..].Trim());
    }
}
