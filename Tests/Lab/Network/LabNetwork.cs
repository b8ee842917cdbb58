using System.Globalization;
using System.Net;

namespace Sluice.Lab.Network;

/// <summary>Where the bottleneck is.</summary>
internal enum NetworkShape
{
    /// <summary>The sender's own egress.</summary>
    Nic,

    /// <summary>A switch between the hosts, whose port towards the receiver has a queue of 5 MB.</summary>
    Routed,
}

/// <summary>
/// Hosts in namespaces of their own, one bottleneck from <c>prim</c> to the others, and nothing else that limits. Two hosts in <see cref="NetworkShape.Nic"/> are joined directly; otherwise a switch (a namespace with a bridge)
/// is between them. Offloads are off where there is a rate, so packets are those of a wire. The rate can be changed and the link cut at any time.
/// </summary>
internal sealed class LabNetwork : IAsyncDisposable
{
    public const string Primary = "prim";
    public const string Replica = "repl";

    /// <summary>The interface of each host.</summary>
    public const string Interface = "eth0";

    // What issue reports of real hosts have: some hundred milliseconds of queue at the host's own interface, megabytes at a switch's port.
    private const string HostQueue = "latency 400ms";
    private const string SwitchQueue = "limit 5mb";
    private const string Burst = "burst 128kb";

    private readonly Dictionary<string, NetworkNamespace> hosts = new(StringComparer.Ordinal);
    private readonly List<NetworkNamespace> made = [];
    private readonly NetworkShape shape;
    private NetworkNamespace? bridge;
    private bool isShaped;

    private LabNetwork(NetworkShape shape) => this.shape = shape;

    /// <summary>The bottleneck's rate at present, bits per second; 0: not shaped.</summary>
    public long BitsPerSecond { get; private set; }

    /// <summary>A host's namespace.</summary>
    public NetworkNamespace this[string host] => hosts[host];

    /// <summary>Makes it; nothing is left behind when that fails.</summary>
    /// <param name="prefix">Of the namespaces' names: unique for each run.</param>
    /// <param name="shape">Where the bottleneck is.</param>
    /// <param name="congestionControl">The hosts' TCP congestion control: <c>cubic</c>, <c>bbr</c>.</param>
    /// <param name="bitsPerSecond">The bottleneck's rate; 0: none.</param>
    /// <param name="names">The hosts; the first one sends.</param>
    public static async Task<LabNetwork> CreateAsync(string prefix, NetworkShape shape, string congestionControl, long bitsPerSecond, params string[] names)
    {
        var network = new LabNetwork(shape);
        try
        {
            foreach (var name in names)
            {
                network.hosts[name] = await network.AddAsync($"{prefix}-{name}");
                await network.hosts[name].ExecuteAsync("sysctl", "-q", "-w", $"net.ipv4.tcp_congestion_control={congestionControl}");
            }

            await network.JoinAsync(prefix, names, hasOffloads: bitsPerSecond == 0);
            await network.SetRateAsync(bitsPerSecond);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>A host's address.</summary>
    public IPAddress AddressOf(string host) => IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.77.0.{hosts.Keys.ToList().IndexOf(host) + 1}"));

    /// <summary>Shapes the bottleneck; 0 takes the shaping away.</summary>
    public async Task SetRateAsync(long bitsPerSecond)
    {
        var (space, port) = Bottleneck;
        var queue = shape == NetworkShape.Nic ? HostQueue : SwitchQueue;
        if (bitsPerSecond > 0)
        {
            await space.ExecuteAsync(["tc", "qdisc", isShaped ? "change" : "add", "dev", port, "root", "tbf", "rate", string.Create(CultureInfo.InvariantCulture, $"{bitsPerSecond}bit"), .. queue.Split(' '), .. Burst.Split(' ')]);
        }
        else if (isShaped)
        {
            await space.ExecuteAsync("tc", "qdisc", "del", "dev", port, "root");
        }

        isShaped = bitsPerSecond > 0;
        BitsPerSecond = bitsPerSecond;
    }

    /// <summary>Cuts the link, or mends it: the switch's port to the receiver goes down or up, as when a cable is pulled.</summary>
    /// <exception cref="LabException">There is no switch.</exception>
    public Task CutAsync(bool isCut) =>
        (bridge ?? throw new LabException("Only a link with a switch can be cut.")).ExecuteAsync("ip", "link", "set", PortOf(Replica), isCut ? "down" : "up");

    /// <summary>What waits in the bottleneck's queue, bytes.</summary>
    public async Task<long> ReadBacklogAsync()
    {
        var (space, port) = Bottleneck;
        var words = (await space.ExecuteAsync("tc", "-s", "qdisc", "show", "dev", port)).Split(' ', '\n');
        var at = Array.IndexOf(words, "backlog");
        return at < 0 ? 0 : ParseSize(words[at + 1]);
    }

    /// <summary>Removes all of it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var space in made)
        {
            await space.DisposeAsync();
        }

        made.Clear();
    }

    /// <summary>The port that is shaped: the switch's towards the receiver, or the sender's own.</summary>
    private (NetworkNamespace Space, string Port) Bottleneck => shape == NetworkShape.Routed ? (bridge!, PortOf(Replica)) : (hosts[Primary], Interface);

    // Of an interface in the switch's namespace.
    private static string PortOf(string host) => $"to-{host}";

    private static long ParseSize(string text)
    {
        var digits = new string([.. text.TakeWhile(char.IsAsciiDigit)]);
        return long.Parse(digits, CultureInfo.InvariantCulture) * text[digits.Length..] switch { "Kb" => 1024, "Mb" => 1024 * 1024, _ => 1 };
    }

    private async Task<NetworkNamespace> AddAsync(string name)
    {
        var space = await NetworkNamespace.CreateAsync(name);
        made.Add(space);
        return space;
    }

    private async Task JoinAsync(string prefix, string[] names, bool hasOffloads)
    {
        if (shape == NetworkShape.Nic && names.Length == 2)
        {
            await LinkAsync(hosts[names[0]], Interface, hosts[names[1]], Interface, hasOffloads);
        }
        else
        {
            bridge = await AddAsync($"{prefix}-switch");
            await bridge.ExecuteAsync("ip", "link", "add", "br0", "type", "bridge");
            await bridge.ExecuteAsync("ip", "link", "set", "br0", "up");
            foreach (var name in names)
            {
                await LinkAsync(hosts[name], Interface, bridge, PortOf(name), hasOffloads);
                await bridge.ExecuteAsync("ip", "link", "set", PortOf(name), "master", "br0");
            }
        }

        foreach (var name in names)
        {
            await hosts[name].ExecuteAsync("ip", "addr", "add", $"{AddressOf(name)}/24", "dev", Interface);
        }
    }

    private static async Task LinkAsync(NetworkNamespace one, string oneName, NetworkNamespace other, string otherName, bool hasOffloads)
    {
        await Processes.Tool.RunAsync("ip", "link", "add", oneName, "netns", one.Name, "type", "veth", "peer", "name", otherName, "netns", other.Name);
        foreach (var (space, name) in new[] { (one, oneName), (other, otherName) })
        {
            if (!hasOffloads)
            {
                await space.ExecuteAsync("ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off");
            }

            await space.ExecuteAsync("ip", "link", "set", name, "up");
        }
    }
}
