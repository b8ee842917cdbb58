using System.Collections.Immutable;
using Sluice.Configuration;

namespace Sluice.Bandwidth;

/// <summary>
/// Watches this node's links: what each interface carries in each direction, how much of it is our own, what its capacity is by configuration or by its own word. It does nothing by itself: the bandwidth agent asks
/// it with every report, and it looks at the system at most every <see cref="Interval"/>: one read of the interfaces' counters, one TCP_INFO of each connection. Safe for concurrent use.
/// </summary>
public sealed class LinkMonitor
{
    /// <summary>The system is not looked at more often than this, however often somebody asks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    // A host with hundreds of interfaces (containers) has few that carry flows; the others are told of as long as there are not too many.
    private const int MostInterfaces = 32;

    private readonly INetworkInterfaces interfaces;
    private readonly WireUse use;
    private readonly InterfaceFinder finder;
    private readonly LiveConfiguration configuration;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);
    private readonly Dictionary<IWireConnection, (WireCount Egress, WireCount Ingress, string Interface)> counted = [];
    private ImmutableArray<LinkReport> links = [];
    private ImmutableArray<PeerRoute> routes = [];
    private DateTimeOffset last = DateTimeOffset.MinValue;

    /// <summary>Watches this host's interfaces.</summary>
    public LinkMonitor(WireUse use, LiveConfiguration configuration, TimeProvider time)
        : this(OperatingSystem.IsLinux() ? new LinuxInterfaces(time) : new PlatformInterfaces(), use, new InterfaceFinder(time), configuration, time)
    {
    }

    internal LinkMonitor(INetworkInterfaces interfaces, WireUse use, InterfaceFinder finder, LiveConfiguration configuration, TimeProvider time)
    {
        this.interfaces = interfaces;
        this.use = use;
        this.finder = finder;
        this.configuration = configuration;
        this.time = time;
    }

    /// <summary>The links, and the interfaces to the nodes that connections lead to, as of now or at most <see cref="Interval"/> ago.</summary>
    public (ImmutableArray<LinkReport> Links, ImmutableArray<PeerRoute> Routes) Look()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (now - last >= Interval)
            {
                Look(now - last, now);
                last = now;
            }

            return (links, routes);
        }
    }

    private void Look(TimeSpan passed, DateTimeOffset now)
    {
        var own = new Dictionary<string, (WireCount Egress, WireCount Ingress)>(StringComparer.Ordinal);
        var nodes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var connection in use.TakeClosed())
        {
            Count(connection, own);
            counted.Remove(connection);
        }

        foreach (var connection in use.Open)
        {
            var name = Count(connection, own);
            if (connection.PeerNode is { } node && name.Length > 0)
            {
                nodes[node] = name;
            }
        }

        // After the connections: what they send meanwhile is then rather taken for foreground than the other way round.
        var readings = interfaces.Read();
        foreach (var gone in watched.Keys.Except(readings.Select(reading => reading.Name)).ToList())
        {
            watched.Remove(gone);
        }

        foreach (var reading in readings)
        {
            if (!watched.TryGetValue(reading.Name, out var link))
            {
                watched.Add(reading.Name, link = new Watched());
            }

            link.Take(reading, own.GetValueOrDefault(reading.Name), passed, now);
        }

        var capacities = configuration.LinkCapacity;
        links =
        [
            .. readings.OrderByDescending(reading => own.ContainsKey(reading.Name)).ThenBy(reading => reading.IsLoopback).Take(MostInterfaces)
                .Where(reading => reading.Egress.Bytes + reading.Ingress.Bytes > 0)
                .OrderBy(reading => reading.Name, StringComparer.Ordinal)
                .SelectMany(reading => watched[reading.Name].Describe(reading, capacities)),
        ];
        routes = [.. nodes.Select(entry => new PeerRoute(entry.Key, entry.Value))];
    }

    // Adds to its interface what the connection has carried since it was counted last.
    private string Count(IWireConnection connection, Dictionary<string, (WireCount Egress, WireCount Ingress)> own)
    {
        var (egress, ingress) = connection.Count();
        var before = counted.GetValueOrDefault(connection);
        var name = before.Interface is { Length: > 0 } known ? known
            : connection is { LocalAddress: { } local, PeerAddress: { } peer } ? finder.Find(local, peer)
            : "";
        counted[connection] = (egress, ingress, name);
        if (name.Length > 0)
        {
            var sum = own.GetValueOrDefault(name);
            own[name] = (sum.Egress + egress - before.Egress, sum.Ingress + ingress - before.Ingress);
        }

        return name;
    }

    private sealed class Watched
    {
        private readonly Direction egress = new();
        private readonly Direction ingress = new();
        private long bestSpeed;
        private bool known;

        public void Take(InterfaceReading reading, (WireCount Egress, WireCount Ingress) own, TimeSpan passed, DateTimeOffset now)
        {
            bestSpeed = Math.Max(bestSpeed, reading.SpeedBytesPerSecond);
            egress.Take(reading.Egress, own.Egress, known ? passed : TimeSpan.Zero, now);
            ingress.Take(reading.Ingress, own.Ingress, known ? passed : TimeSpan.Zero, now);
            known = true;
        }

        public IEnumerable<LinkReport> Describe(InterfaceReading reading, LinkCapacitySetting configured)
        {
            yield return Describe(reading, LinkDirection.Egress, egress, configured);
            yield return Describe(reading, LinkDirection.Ingress, ingress, configured);
        }

        private LinkReport Describe(InterfaceReading reading, LinkDirection direction, Direction figures, LinkCapacitySetting configured)
        {
            var said = configured.BytesPerSecond(reading.Name, direction);
            return new LinkReport
            {
                Interface = reading.Name,
                Direction = direction,
                IsLoopback = reading.IsLoopback,
                CapacityBytesPerSecond = said > 0 ? said : reading.SpeedBytesPerSecond,
                CapacitySource = said > 0 ? CapacitySource.Configured : reading.SpeedBytesPerSecond > 0 ? CapacitySource.Interface : CapacitySource.Unknown,
                NormalBytesPerSecond = said > 0 ? said : bestSpeed,
                ForegroundBytesPerSecond = figures.Foreground.BytesPerSecond,
                FlowBytesPerSecond = figures.OwnBytesPerSecond,
                CarriedBytesPerSecond = figures.CarriedBytesPerSecond,
            };
        }
    }

    private sealed class Direction
    {
        private WireCount before;

        public ForegroundMeter Foreground { get; } = new();

        public long OwnBytesPerSecond { get; private set; }

        public long CarriedBytesPerSecond { get; private set; }

        public void Take(WireCount total, WireCount own, TimeSpan passed, DateTimeOffset now)
        {
            var carried = total - before;
            before = total;

            // The first look, or counters that began anew with their interface: nothing to compare with.
            if (passed <= TimeSpan.Zero || carried.Bytes < 0 || carried.Packets < 0)
            {
                return;
            }

            var ownBytes = Own(own, carried);
            OwnBytesPerSecond = (long)(ownBytes / passed.TotalSeconds);
            CarriedBytesPerSecond = (long)(carried.Bytes / passed.TotalSeconds);
            Foreground.Count(carried.Bytes, ownBytes, passed, now);
        }

        // Where the kernel hands segments to the interface many at a time (segmentation offload on virtual interfaces), its counters show one header for all of them: ours must not be counted more often.
        private static long Own(WireCount own, WireCount carried)
        {
            var tooMany = Math.Max(0, own.Packets - carried.Packets);
            return own.Bytes - tooMany * WireHeaders.SegmentBytes;
        }
    }
}
