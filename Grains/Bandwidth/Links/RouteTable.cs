using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Bandwidth;

/// <summary>The main routing tables of a Linux host, as <c>/proc/net/route</c> and <c>/proc/net/ipv6_route</c> print them. Pure.</summary>
internal sealed class RouteTable
{
    private const int Up = 1;
    private const int Reject = 0x200;

    private readonly ImmutableArray<Route> routes;

    private RouteTable(IEnumerable<Route> routes) =>
        // The longest prefix wins, then the smallest metric.
        this.routes = [.. routes.OrderByDescending(route => route.PrefixLength).ThenBy(route => route.Metric)];

    /// <summary>Reads the tables; lines that are none are left out.</summary>
    public static RouteTable Parse(IEnumerable<string> ipv4, IEnumerable<string> ipv6) => new(ipv4.Select(ParseIPv4).Concat(ipv6.Select(ParseIPv6)).OfType<Route>());

    /// <summary>The interface to an address, or null when there is no route.</summary>
    public string? Find(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return routes.FirstOrDefault(route => route.Matches(bytes))?.Interface;
    }

    // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT; addresses as the host's (little-endian) integers.
    private static Route? ParseIPv4(string line)
    {
        var columns = line.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (columns.Length < 8 || !TryHex(columns[1], out var destination) || !TryHex(columns[3], out var flags) || !TryHex(columns[7], out var mask)
            || !int.TryParse(columns[6], CultureInfo.InvariantCulture, out var metric) || !IsUsable(flags))
        {
            return null;
        }

        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)destination);
        return new Route(columns[0], bytes, long.PopCount(mask), metric);
    }

    // destination prefix-length source prefix-length next-hop metric refcnt use flags interface; all hexadecimal, addresses in network order.
    private static Route? ParseIPv6(string line)
    {
        var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return columns.Length >= 10 && columns[0].Length == 32 && TryHex(columns[1], out var length) && TryHex(columns[5], out var metric) && TryHex(columns[8], out var flags) && IsUsable(flags)
            ? new Route(columns[9], Convert.FromHexString(columns[0]), length, metric)
            : null;
    }

    private static bool IsUsable(long flags) => (flags & Up) != 0 && (flags & Reject) == 0;

    private static bool TryHex(string text, out long number) => long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);

    private sealed record Route(string Interface, byte[] Destination, long PrefixLength, long Metric)
    {
        public bool Matches(byte[] address)
        {
            if (address.Length != Destination.Length)
            {
                return false;
            }

            for (var bit = 0; bit < PrefixLength; bit += 8)
            {
                var mask = PrefixLength - bit >= 8 ? 0xFF : 0xFF << (int)(8 - (PrefixLength - bit));
                if (((address[bit / 8] ^ Destination[bit / 8]) & mask) != 0)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
