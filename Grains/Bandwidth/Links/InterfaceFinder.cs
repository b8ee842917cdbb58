using System.Net;
using System.Net.NetworkInformation;

namespace Sluice.Bandwidth;

/// <summary>An interface and its addresses.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsLoopback">It leads to this host.</param>
/// <param name="Addresses">Its addresses, IPv4 and IPv6.</param>
internal sealed record AddressedInterface(string Name, bool IsLoopback, IReadOnlyCollection<IPAddress> Addresses);

/// <summary>
/// Which interface carries a connection. In this order: a connection to an address of this host goes over the loopback, whatever address it has; else the interface that has the socket's local address, which the kernel has
/// chosen by the route to the peer; else (an address on the loopback that routers know, or an address that is gone) the route to the peer. Safe for concurrent use.
/// </summary>
internal sealed class InterfaceFinder
{
    // Interfaces come and go seldom; an address that is not known is looked for sooner.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly TimeProvider time;
    private readonly Func<IReadOnlyCollection<AddressedInterface>> readInterfaces;
    private readonly Func<RouteTable> readRoutes;
    private readonly Lock gate = new();
    private Dictionary<IPAddress, AddressedInterface> byAddress = [];
    private string loopback = "lo";
    private RouteTable routes = RouteTable.Parse([], []);
    private DateTimeOffset readAt = DateTimeOffset.MinValue;

    /// <summary>Finds among this host's interfaces.</summary>
    public InterfaceFinder(TimeProvider time)
        : this(time, ReadInterfaces, ReadRoutes)
    {
    }

    /// <summary>Finds among given interfaces.</summary>
    public InterfaceFinder(TimeProvider time, Func<IReadOnlyCollection<AddressedInterface>> readInterfaces, Func<RouteTable> readRoutes)
    {
        this.time = time;
        this.readInterfaces = readInterfaces;
        this.readRoutes = readRoutes;
    }

    /// <summary>The name of the interface; empty when it is not known.</summary>
    /// <param name="local">The socket's local address.</param>
    /// <param name="peer">The peer's.</param>
    public string Find(IPAddress local, IPAddress peer)
    {
        lock (gate)
        {
            var (here, there) = (Plain(local), Plain(peer));
            Refresh(known: byAddress.ContainsKey(here));
            if (IPAddress.IsLoopback(there) || byAddress.ContainsKey(there))
            {
                return loopback;
            }

            return byAddress.GetValueOrDefault(here) is { IsLoopback: false } found ? found.Name : routes.Find(there) ?? "";
        }
    }

    private void Refresh(bool known)
    {
        var now = time.GetUtcNow();
        if (now - readAt < (known ? Fresh : LookAgain))
        {
            return;
        }

        readAt = now;
        byAddress = [];
        foreach (var found in readInterfaces())
        {
            loopback = found.IsLoopback ? found.Name : loopback;
            foreach (var address in found.Addresses)
            {
                byAddress[Plain(address)] = found;
            }
        }

        routes = readRoutes();
    }

    // An IPv4 address within IPv6 is an IPv4 address; the scope of a link-local one is the interface itself, which is what is looked for.
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes()) : address;

    private static IReadOnlyCollection<AddressedInterface> ReadInterfaces()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().Select(found => new AddressedInterface(
                found.Name, found.NetworkInterfaceType == NetworkInterfaceType.Loopback, [.. found.GetIPProperties().UnicastAddresses.Select(address => address.Address)]))];
        }
        catch (NetworkInformationException)
        {
            // The system does not tell.
            return [];
        }
    }

    private static RouteTable ReadRoutes() => OperatingSystem.IsLinux() ? RouteTable.Parse(Lines("/proc/net/route"), Lines("/proc/net/ipv6_route")) : RouteTable.Parse([], []);

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A kernel without IPv6.
            return [];
        }
    }
}
