using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Bandwidth;

/// <summary>
/// The value of <c>link-capacity</c>. Pure.
/// <code>
/// setting   = "auto" | interface { " " interface }
/// interface = NAME ( rate | direction { " " direction } )     ; NAME: eth0, or * for all that are not named
/// direction = ( "egress" | "ingress" ) " " rate
/// rate      = "auto" | NUMBER unit                            ; 1gbit, 2.5gbit, 125mbyte
/// unit      = [ "k" | "m" | "g" ] ( "bit" | "byte" )          ; per second, steps of 1000
/// </code>
/// Link speeds are told in bits and limits in bytes: hence a unit is required and says which.
/// </summary>
public sealed partial class LinkCapacitySetting
{
    /// <summary>What a link can have, in bytes per second: from 8 kbit/s, the slowest modem, to 8 Tbit/s.</summary>
    public const long Least = 1_000;

    /// <inheritdoc cref="Least"/>
    public const long Most = 1_000_000_000_000;

    private const string Grammar = "'auto', or interfaces with their capacity such as 'eth0 1gbit' or 'eth0 egress 1gbit ingress 500mbit' (* for all others; units kbit, mbit, gbit, kbyte, mbyte, gbyte; from 8kbit to 8000gbit, or auto)";

    private readonly Dictionary<(string Interface, LinkDirection Direction), long> rates = [];

    private LinkCapacitySetting()
    {
    }

    /// <summary>Nothing is configured.</summary>
    public static LinkCapacitySetting Auto { get; } = new();

    /// <summary>What is configured for a link, bytes per second; 0: nothing.</summary>
    public long BytesPerSecond(string networkInterface, LinkDirection direction) =>
        rates.TryGetValue((networkInterface, direction), out var rate) || rates.TryGetValue(("*", direction), out rate) ? rate : 0;

    /// <summary>Reads a setting.</summary>
    /// <returns>What is wrong with it, naming what is allowed; null when nothing is.</returns>
    public static string? TryParse(string text, out LinkCapacitySetting setting)
    {
        setting = new LinkCapacitySetting();
        var words = text.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words is ["auto"])
        {
            return null;
        }

        var at = 0;
        while (at < words.Length)
        {
            if (setting.TakeInterface(words, ref at) is { } error)
            {
                return error;
            }
        }

        return words.Length == 0 ? $"argument must be {Grammar}" : null;
    }

    private string? TakeInterface(string[] words, ref int at)
    {
        var name = words[at];
        if (IsKeyword(name) || Rate().IsMatch(name))
        {
            return $"argument has '{name}' where an interface's name must stand; it must be {Grammar}";
        }

        if (++at == words.Length)
        {
            return $"argument has no capacity for '{name}'; it must be {Grammar}";
        }

        if (DirectionOf(words[at]) is null)
        {
            return TakeRate(words, ref at, name, LinkDirection.Egress, LinkDirection.Ingress);
        }

        while (at < words.Length && DirectionOf(words[at]) is { } direction)
        {
            at++;
            if (TakeRate(words, ref at, name, direction) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private string? TakeRate(string[] words, ref int at, string name, params ReadOnlySpan<LinkDirection> directions)
    {
        var word = at < words.Length ? words[at] : "";
        at++;
        var rate = 0L;
        if (word != "auto" && !TryReadRate(word, out rate))
        {
            return $"argument has '{word}' where the capacity of '{name}' must stand; it must be {Grammar}";
        }

        foreach (var direction in directions)
        {
            if (!rates.TryAdd((name, direction), rate))
            {
                return $"argument names the {direction.ToString().ToLowerInvariant()} of '{name}' twice";
            }
        }

        return null;
    }

    private static bool TryReadRate(string word, out long bytesPerSecond)
    {
        bytesPerSecond = 0;
        if (Rate().Match(word) is not { Success: true } match || !double.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        var scale = match.Groups[2].Value switch
        {
            "k" => 1e3,
            "m" => 1e6,
            "g" => 1e9,
            _ => 1.0,
        };
        var rate = number * scale / (match.Groups[3].Value == "bit" ? 8 : 1);
        bytesPerSecond = rate is >= Least and <= Most ? (long)rate : 0;
        return bytesPerSecond > 0;
    }

    private static bool IsKeyword(string word) => word == "auto" || DirectionOf(word) is not null;

    private static LinkDirection? DirectionOf(string word) => word switch
    {
        "egress" => LinkDirection.Egress,
        "ingress" => LinkDirection.Ingress,
        _ => null,
    };

    [GeneratedRegex(@"^(\d{1,15}(?:\.\d{1,9})?)([kmg]?)(bit|byte)$", RegexOptions.CultureInvariant)]
    private static partial Regex Rate();
}
