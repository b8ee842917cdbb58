using System.Net;
using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class NetworkInterfacesTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("sluice-links").FullName;
    private readonly ManualTimeProvider time = new();

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Counters_and_speeds_of_all_interfaces_are_read()
    {
        Devices("    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0", "  eth0:3000 30 0 0 0 0 0 0 4000 40 0 0 0 0 0 0");
        Detail("eth0", "device", "");
        Detail("eth0", "speed", "10000\n");

        var readings = new LinuxInterfaces(time, root).Read();

        Assert.Equal(
            [
                new InterfaceReading("lo", true, 0, new WireCount(100, 1), new WireCount(100, 1)),
                new InterfaceReading("eth0", false, 1_250_000_000, new WireCount(4000, 40), new WireCount(3000, 30)),
            ],
            readings.AsEnumerable());
    }

    [Theory]
    [InlineData("-1\n", true, "", 0)]
    [InlineData("", true, "", 0)]
    [InlineData("nonsense", true, "", 0)]
    [InlineData("10000\n", false, "INTERFACE=veth1\n", 0)]
    [InlineData("1000\n", false, "DEVTYPE=vlan\nINTERFACE=x\n", 125_000_000)]
    [InlineData("2000\n", false, "DEVTYPE=bond\n", 250_000_000)]
    public void A_speed_that_means_nothing_is_not_believed(string speed, bool isHardware, string uevent, long expected)
    {
        Devices("eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0");
        Detail("eth0", "speed", speed);
        Detail("eth0", "uevent", uevent);
        if (isHardware)
        {
            Detail("eth0", "device", "");
        }

        Assert.Equal(expected, Assert.Single(new LinuxInterfaces(time, root).Read()).SpeedBytesPerSecond);
    }

    [Fact]
    public void A_speed_that_changes_is_seen_and_interfaces_come_and_go()
    {
        Devices("eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0");
        Detail("eth0", "device", "");
        Detail("eth0", "speed", "1000");
        var interfaces = new LinuxInterfaces(time, root);
        Assert.Equal(125_000_000, Assert.Single(interfaces.Read()).SpeedBytesPerSecond);

        Detail("eth0", "speed", "100");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(12_500_000, Assert.Single(interfaces.Read()).SpeedBytesPerSecond);

        Devices("eth1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0");
        Assert.Equal(("eth1", 0), (Assert.Single(interfaces.Read()) is var found ? found.Name : "", found.SpeedBytesPerSecond));
        Devices();
        Assert.Empty(interfaces.Read());
    }

    [Fact]
    public void Without_the_files_there_are_no_interfaces() => Assert.Empty(new LinuxInterfaces(time, root).Read());

    [Fact]
    public void This_hosts_interfaces_are_read()
    {
        INetworkInterfaces interfaces = OperatingSystem.IsLinux() ? new LinuxInterfaces(TimeProvider.System) : new PlatformInterfaces();
        Assert.Contains(interfaces.Read(), found => found.IsLoopback);
        Assert.Contains(new PlatformInterfaces().Read(), found => found.IsLoopback);
    }

    [Fact]
    public void Routes_are_chosen_by_the_longest_prefix_and_the_smallest_metric()
    {
        var routes = RouteTable.Parse(
            [
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
                "wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
                "eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0",
                "eth2\t0001010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                "eth3\t0001010A\t00000000\t0000\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
            ],
            [
                "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0",
                "fd000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth4",
                "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo",
            ]);

        Assert.Equal("eth0", routes.Find(IPAddress.Parse("8.8.8.8")));
        Assert.Equal("eth1", routes.Find(IPAddress.Parse("10.2.3.4")));
        Assert.Equal("eth2", routes.Find(IPAddress.Parse("10.1.1.7")));
        Assert.Equal("eth4", routes.Find(IPAddress.Parse("fd12::1")));
        Assert.Equal("eth0", routes.Find(IPAddress.Parse("2001:db8::1")));
        Assert.Null(RouteTable.Parse(["nonsense", ""], ["nonsense"]).Find(IPAddress.Parse("8.8.8.8")));
    }

    [Theory]
    [InlineData("192.0.2.1", "198.51.100.9", "eth0")]
    [InlineData("::ffff:192.0.2.1", "::ffff:198.51.100.9", "eth0")]
    [InlineData("fe80::1", "fe80::2", "eth0")]
    [InlineData("192.0.2.1", "192.0.2.1", "lo")]
    [InlineData("192.0.2.1", "10.0.0.1", "lo")]
    [InlineData("127.0.0.1", "127.0.0.1", "lo")]
    [InlineData("::1", "::1", "lo")]
    [InlineData("203.0.113.1", "198.51.100.9", "eth9")]
    [InlineData("203.0.113.77", "198.51.100.9", "eth9")]
    [InlineData("203.0.113.77", "2001:db8::9", "")]
    public void The_interface_of_a_connection_is_found(string local, string peer, string expected)
    {
        var finder = new InterfaceFinder(
            time,
            () =>
            [
                new AddressedInterface("lo", true, [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("203.0.113.1")]),
                new AddressedInterface("eth0", false, [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("fe80::1%2")]),
                new AddressedInterface("eth1", false, [IPAddress.Parse("10.0.0.1")]),
            ],
            () => RouteTable.Parse(["eth9\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0"], []));

        Assert.Equal(expected, finder.Find(IPAddress.Parse(local), IPAddress.Parse(peer)));
    }

    [Fact]
    public void An_address_that_comes_later_is_found()
    {
        List<AddressedInterface> there = [];
        var finder = new InterfaceFinder(time, () => there, () => RouteTable.Parse([], []));
        Assert.Equal("", finder.Find(IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")));

        there.Add(new AddressedInterface("eth0", false, [IPAddress.Parse("192.0.2.1")]));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("eth0", finder.Find(IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")));
    }

    private void Devices(params string[] lines)
    {
        Directory.CreateDirectory(Path.Combine(root, "proc/net"));
        File.WriteAllLines(Path.Combine(root, "proc/net/dev"), ["Inter-|   Receive                                                |  Transmit", " face |bytes    packets errs", .. lines]);
    }

    private void Detail(string name, string file, string content)
    {
        var directory = Path.Combine(root, "sys/class/net", name);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, file), content);
    }
}
