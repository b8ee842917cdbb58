using System.Globalization;

namespace Sluice.Bandwidth;

/// <summary>Rates of links for people: in bits, as links are sold.</summary>
internal static class LinkRate
{
    private static readonly string[] Units = ["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"];

    /// <summary>For example <c>1 Gb/s</c>, <c>96.4 Mb/s</c>.</summary>
    public static string Text(long bytesPerSecond)
    {
        var value = bytesPerSecond * 8.0;
        var unit = 0;
        while (value >= 999.95 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}
