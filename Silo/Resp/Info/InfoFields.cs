using System.Globalization;
using System.Text;

namespace Sluice.Silo.Resp.Info;

/// <summary>The fields of a section of INFO: <c>name:value</c>, one a line.</summary>
public sealed class InfoFields
{
    private readonly StringBuilder text = new();

    /// <summary>The lines so far.</summary>
    public string Text => text.ToString();

    /// <summary>Adds a field.</summary>
    public InfoFields Add(string name, string value)
    {
        text.Append(name).Append(':').Append(value).Append("\r\n");
        return this;
    }

    /// <summary>Adds a number.</summary>
    public InfoFields Add(string name, long value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds 1 or 0.</summary>
    public InfoFields Add(string name, bool value) => Add(name, value ? 1 : 0);

    /// <summary>Adds a number with decimals.</summary>
    public InfoFields Add(string name, double value, int decimals) =>
        Add(name, value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
}
