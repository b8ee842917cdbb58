using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Replication;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class LinkMonitorTests
{
    private readonly ManualTimeProvider time = new();
    private readonly FakeInterfaces interfaces = new();
    private readonly WireUse use = new();
    private readonly LiveConfiguration configuration = new();
    private readonly LinkMonitor monitor;

    public LinkMonitorTests()
    {
        var finder = new InterfaceFinder(
            time,
            () => [new AddressedInterface("lo", true, [IPAddress.Loopback]), new AddressedInterface("eth0", false, [Address(1)]), new AddressedInterface("eth1", false, [Address(2)])],
            () => RouteTable.Parse([], []));
        monitor = new LinkMonitor(interfaces, use, finder, configuration, time);
    }

    [Fact]
    public void What_an_interface_carries_besides_our_connections_is_foreground()
    {
        var copy = new FakeConnection(Address(1), Address(101), "b");
        use.Enter(copy);
        interfaces.Set("eth0", speed: 125_000_000, sent: 1_000_000, received: 1_000_000);
        monitor.Look();

        for (var step = 1; step <= 40; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            copy.Sent = step * 2_000_000;
            copy.Received = step * 50_000;
            interfaces.Set("eth0", 125_000_000, 1_000_000 + step * 2_500_000, 1_000_000 + step * 50_000);
            monitor.Look();
        }

        var (links, routes) = monitor.Look();
        var egress = Assert.Single(links, link => link.Direction == LinkDirection.Egress);
        Assert.Equal((8_000_000, 10_000_000), (egress.FlowBytesPerSecond, egress.CarriedBytesPerSecond));
        Assert.InRange(egress.ForegroundBytesPerSecond, 1_950_000, 2_000_000);
        Assert.Equal((125_000_000, CapacitySource.Interface, 125_000_000), (egress.CapacityBytesPerSecond, egress.CapacitySource, egress.NormalBytesPerSecond));
        Assert.Equal(0, Assert.Single(links, link => link.Direction == LinkDirection.Ingress).ForegroundBytesPerSecond);
        Assert.Equal([new PeerRoute("b", "eth0")], routes.AsEnumerable());
    }

    [Fact]
    public void Each_connection_counts_on_its_own_interface_and_to_its_end()
    {
        var first = new FakeConnection(Address(1), Address(101), "b");
        var second = new FakeConnection(Address(2), Address(102), "c");
        var local = new FakeConnection(IPAddress.Loopback, IPAddress.Loopback, "d");
        foreach (var connection in new[] { first, second, local })
        {
            use.Enter(connection);
        }

        interfaces.Set("lo", 0, 1, 1);
        interfaces.Set("eth0", 0, 1, 1);
        interfaces.Set("eth1", 0, 1, 1);
        monitor.Look();
        time.Advance(TimeSpan.FromSeconds(1));
        (first.Sent, second.Sent, local.Sent) = (1_000_000, 2_000_000, 3_000_000);
        use.Leave(second);
        interfaces.Set("lo", 0, 3_000_001, 1);
        interfaces.Set("eth0", 0, 1_000_001, 1);
        interfaces.Set("eth1", 0, 2_000_001, 1);

        var (links, routes) = monitor.Look();

        Assert.Equal(
            [("eth0", 1_000_000), ("eth1", 2_000_000), ("lo", 3_000_000)],
            links.Where(link => link.Direction == LinkDirection.Egress).Select(link => (link.Interface, link.FlowBytesPerSecond)));
        Assert.Equal(["lo"], links.Where(link => link.IsLoopback).Select(link => link.Interface).Distinct());
        Assert.Equal([new PeerRoute("b", "eth0"), new PeerRoute("d", "lo")], routes.AsEnumerable());

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(monitor.Look().Links, link => Assert.Equal(0, link.FlowBytesPerSecond));
    }

    [Fact]
    public void What_the_operator_says_is_reported_and_a_speed_that_falls_is_seen()
    {
        configuration.Set([new(ConfigurationParameters.LinkCapacity.Name, "eth0 egress 500mbit")]);
        interfaces.Set("eth0", 125_000_000, 1, 1);
        monitor.Look();
        time.Advance(TimeSpan.FromSeconds(1));
        interfaces.Set("eth0", 12_500_000, 1, 1);

        var links = monitor.Look().Links;

        Assert.Equal([(62_500_000, CapacitySource.Configured, 62_500_000), (12_500_000, CapacitySource.Interface, 125_000_000)], links.Select(link => (link.CapacityBytesPerSecond, link.CapacitySource, link.NormalBytesPerSecond)));
    }

    [Fact]
    public void Interfaces_come_and_go_and_counters_may_begin_anew()
    {
        interfaces.Set("eth0", 0, 5_000_000, 5_000_000);
        monitor.Look();
        time.Advance(TimeSpan.FromSeconds(1));
        interfaces.Set("eth0", 0, 1_000, 1_000);
        Assert.All(monitor.Look().Links, link => Assert.Equal(0, link.CarriedBytesPerSecond));

        interfaces.Remove("eth0");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(monitor.Look().Links);

        interfaces.Set("eth0", 0, 9_000_000, 9_000_000);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(monitor.Look().Links, link => Assert.Equal(0, link.CarriedBytesPerSecond));
    }

    [Fact]
    public void The_system_is_not_looked_at_more_often_than_needed()
    {
        interfaces.Set("eth0", 0, 1, 1);
        for (var step = 0; step < 100; step++)
        {
            monitor.Look();
            time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(5, interfaces.Reads);
    }

    [Fact]
    public async Task A_connection_is_counted_with_its_headers()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using var sending = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sending.ConnectAsync(listening.LocalEndPoint!);
        using var receiving = await listening.AcceptAsync();
        var (sender, receiver) = (new WireMeter(sending), new WireMeter(receiving));
        var bytes = new byte[100_000];
        var pending = sending.SendAsync(bytes, SocketFlags.None);
        var read = 0;
        while (read < bytes.Length)
        {
            read += await receiving.ReceiveAsync(bytes);
        }

        await pending;
        sender.Written(bytes.Length);
        receiver.Read(bytes.Length);

        Assert.InRange(sender.Count().Egress.Bytes, 100_000 + WireHeaders.SegmentBytes, 110_000);
        Assert.InRange(receiver.Count().Ingress.Bytes, 100_000 + WireHeaders.SegmentBytes, 110_000);
        Assert.InRange(receiver.Count().Egress.Packets, 1, 100);
        var last = receiver.Count();
        receiving.Dispose();
        Assert.Equal(last, receiver.Count());
        Assert.Equal((IPAddress.Loopback, IPAddress.Loopback), (sender.LocalAddress, sender.PeerAddress));
    }

    private static IPAddress Address(byte last) => new([192, 0, 2, last]);

    private sealed class FakeInterfaces : INetworkInterfaces
    {
        private readonly Dictionary<string, InterfaceReading> readings = new(StringComparer.Ordinal);

        public int Reads { get; private set; }

        public void Set(string name, long speed, long sent, long received) =>
            readings[name] = new InterfaceReading(name, name == "lo", speed, new WireCount(sent, sent / 1000), new WireCount(received, received / 1000));

        public void Remove(string name) => readings.Remove(name);

        public ImmutableArray<InterfaceReading> Read()
        {
            Reads++;
            return [.. readings.Values];
        }
    }

    private sealed class FakeConnection(IPAddress local, IPAddress peer, string node) : IWireConnection
    {
        public long Sent { get; set; }

        public long Received { get; set; }

        public IPAddress? LocalAddress => local;

        public IPAddress? PeerAddress => peer;

        public string? PeerNode => node;

        public (WireCount Egress, WireCount Ingress) Count() => (new WireCount(Sent, Sent / 1500), new WireCount(Received, Received / 1500));
    }
}
