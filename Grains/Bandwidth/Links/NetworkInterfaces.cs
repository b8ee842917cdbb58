using System.Collections.Immutable;
using System.Globalization;
using System.Net.NetworkInformation;

namespace Sluice.Bandwidth;

/// <summary>What an interface tells of itself.</summary>
/// <param name="Name">Its name, for example <c>eth0</c>.</param>
/// <param name="IsLoopback">It leads to this host.</param>
/// <param name="SpeedBytesPerSecond">What it is able to carry each way; 0: it does not tell, or what it tells means nothing.</param>
/// <param name="Egress">What it has sent.</param>
/// <param name="Ingress">What it has received.</param>
public readonly record struct InterfaceReading(string Name, bool IsLoopback, long SpeedBytesPerSecond, WireCount Egress, WireCount Ingress);

/// <summary>Bytes on the wire, packet headers included, and packets, since some beginning.</summary>
/// <param name="Bytes">The bytes.</param>
/// <param name="Packets">The packets.</param>
public readonly record struct WireCount(long Bytes, long Packets)
{
    /// <summary>Adds.</summary>
    public static WireCount operator +(WireCount left, WireCount right) => new(left.Bytes + right.Bytes, left.Packets + right.Packets);

    /// <summary>Subtracts.</summary>
    public static WireCount operator -(WireCount left, WireCount right) => new(left.Bytes - right.Bytes, left.Packets - right.Packets);
}

/// <summary>Reads this host's network interfaces. Not safe for concurrent use.</summary>
public interface INetworkInterfaces
{
    /// <summary>All interfaces that are there now. What cannot be read is left out or 0, never an error.</summary>
    ImmutableArray<InterfaceReading> Read();
}

/// <summary>
/// Linux: all counters from one read of <c>/proc/net/dev</c>; speeds from <c>/sys/class/net/*/speed</c>. A speed is believed only of hardware, bonds and VLANs: a veth says 10 Gb/s and a tun 10 Mb/s whatever they
/// can do, a virtio NIC -1, the loopback refuses to answer.
/// </summary>
internal sealed class LinuxInterfaces(TimeProvider time, string root = "/") : INetworkInterfaces
{
    // Some drivers ask their firmware for the speed: not four times a second.
    private static readonly TimeSpan SpeedEvery = TimeSpan.FromSeconds(1);

    private const int ReceivedBytes = 0;
    private const int ReceivedPackets = 1;
    private const int SentBytes = 8;
    private const int SentPackets = 9;
    private const int Columns = 16;

    private readonly string devices = Path.Combine(root, "proc/net/dev");
    private readonly string details = Path.Combine(root, "sys/class/net");
    private readonly Dictionary<string, long> speeds = new(StringComparer.Ordinal);
    private DateTimeOffset speedsAt = DateTimeOffset.MinValue;

    /// <inheritdoc/>
    public ImmutableArray<InterfaceReading> Read()
    {
        var now = time.GetUtcNow();
        if (now - speedsAt >= SpeedEvery)
        {
            speeds.Clear();
            speedsAt = now;
        }

        var readings = ImmutableArray.CreateBuilder<InterfaceReading>();
        foreach (var line in LinesOf(devices))
        {
            // name: 16 numbers. The two lines of headings have no colon.
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                continue;
            }

            var name = line[..colon].Trim();
            var columns = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length >= Columns)
            {
                readings.Add(new InterfaceReading(
                    name, name == "lo", SpeedOf(name), new WireCount(Number(columns[SentBytes]), Number(columns[SentPackets])), new WireCount(Number(columns[ReceivedBytes]), Number(columns[ReceivedPackets]))));
            }
        }

        return readings.ToImmutable();
    }

    private long SpeedOf(string name)
    {
        if (!speeds.TryGetValue(name, out var speed))
        {
            speeds[name] = speed = IsBelievable(name) ? Math.Max(0, Number(LinesOf(Path.Combine(details, name, "speed")).FirstOrDefault(""))) * 1_000_000 / 8 : 0;
        }

        return speed;
    }

    private bool IsBelievable(string name) =>
        Path.Exists(Path.Combine(details, name, "device")) || LinesOf(Path.Combine(details, name, "uevent")).Any(line => line is "DEVTYPE=bond" or "DEVTYPE=vlan");

    private static long Number(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // An interface that goes just now, or a driver that knows no speed (EINVAL), is not an error: nothing is known.
    private static string[] LinesOf(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

/// <summary>Other systems: what .NET knows.</summary>
internal sealed class PlatformInterfaces : INetworkInterfaces
{
    /// <inheritdoc/>
    public ImmutableArray<InterfaceReading> Read()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().Where(found => found.OperationalStatus == OperationalStatus.Up).Select(Describe)];
        }
        catch (NetworkInformationException)
        {
            // The system does not tell.
            return [];
        }
    }

    private static InterfaceReading Describe(NetworkInterface found)
    {
        var isLoopback = found.NetworkInterfaceType == NetworkInterfaceType.Loopback;
        var statistics = found.GetIPStatistics();
        return new InterfaceReading(
            found.Name,
            isLoopback,
            isLoopback ? 0 : Math.Max(0, found.Speed) / 8,
            new WireCount(statistics.BytesSent, statistics.UnicastPacketsSent),
            new WireCount(statistics.BytesReceived, statistics.UnicastPacketsReceived));
    }
}
