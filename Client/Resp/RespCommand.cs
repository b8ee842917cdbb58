using System.Globalization;
using System.Text;

namespace Sluice.Client;

/// <summary>Builds commands as shards take them: the name in upper case, then the arguments.</summary>
internal static class RespCommand
{
    public static byte[][] Of(string name, params ReadOnlySpan<byte[]> arguments) => [Encoding.ASCII.GetBytes(name), .. arguments];

    public static byte[] Number(long value) => Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An expiry in whole milliseconds.</summary>
    /// <exception cref="SluiceException">It is shorter than one.</exception>
    public static long Milliseconds(TimeSpan time) => time >= TimeSpan.FromMilliseconds(1)
        ? (long)time.TotalMilliseconds
        : throw new SluiceException($"An expiry of {time} is too short: it must be at least one millisecond.");
}
