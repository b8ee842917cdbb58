using System.Globalization;
using System.Net;

namespace Sluice.Silo.Configuration;

/// <summary>One setting of a node: what it is called on the command line, in the environment and in the configuration file, and which values it takes.</summary>
/// <param name="Name">As on the command line without the dashes, and in the configuration file.</param>
/// <param name="Value">What the value is, for the help.</param>
/// <param name="Description">One sentence for the help.</param>
/// <param name="Default">The default as text, for the help.</param>
/// <param name="Apply">Reads the text into the settings; throws <see cref="FormatException"/> with what is allowed.</param>
internal sealed record NodeSetting(string Name, string Value, string Description, string Default, Action<NodeSettings, string> Apply)
{
    /// <summary>All settings, in the order in which the help shows them.</summary>
    public static readonly IReadOnlyList<NodeSetting> All =
    [
        new("name", "NAME", "The node's stable name: its replicas belong to it, whatever address it has", "node-1", (s, text) => s.Name = NodeName(text)),
        new("data", "DIR", "The data directory; one process at a time", "./data", (s, text) => s.Data = NotEmpty(text)),
        new("host", "IP", "The IP address at which clients and other nodes reach this node", "127.0.0.1", (s, text) => s.Host = Address(text)),
        new("bind", "IP", "The IP address to listen on; 0.0.0.0 for all", "the value of --host", (s, text) => s.Bind = Address(text)),
        new("port", "PORT", "The RESP port, for Redis clients", "9221", (s, text) => s.Port = Port(text)),
        new("replication-port", "PORT", "The port on which replicas copy from this node", "9321", (s, text) => s.ReplicationPort = Port(text)),
        new("silo-port", "PORT", "The port for grain calls between nodes", "11111", (s, text) => s.SiloPort = Port(text)),
        new("gateway-port", "PORT", "The port for .NET clients and the sluice command", "30000", (s, text) => s.GatewayPort = Port(text)),
        new("seeds", "IP:PORT,...", "The silo endpoints of the cluster's nodes, the same list on each; the first one keeps the topology", "this node alone", (s, text) => s.Seeds = Endpoints(text)),
        new("shards", "N", "How many shards the cluster has, 1 to 16384; fixed when the first node starts", "16", (s, text) => s.Shards = Number(text, 1, HashSlot.Count)),
        new("cluster-id", "NAME", "The cluster's name: nodes and clients of another one are refused", "sluice", (s, text) => s.ClusterId = NotEmpty(text)),
        new("secret-file", "FILE", "A file whose first line is the secret that nodes and .NET clients share; required off loopback", "none", (s, text) => s.Secret = FirstLine(text)),
        new("log-level", "LEVEL", "Trace, Debug, Information, Warning or Error", "Information", (s, text) => s.LogLevel = Level(text)),
    ];

    private static string NotEmpty(string text) => text.Length > 0 ? text : throw new FormatException("must not be empty");

    private static string NodeName(string text) =>
        text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? text
            : throw new FormatException("must be 1 to 64 letters, digits, '-', '_' or '.'");

    private static int Port(string text) => Number(text, 1, 65535);

    private static int Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out var address) ? address : throw new FormatException("must be an IP address, for example 192.168.1.10");

    private static IReadOnlyList<IPEndPoint> Endpoints(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
            IPEndPoint.TryParse(part, out var endpoint) && endpoint.Port > 0
                ? endpoint
                : throw new FormatException($"must be silo endpoints ip:port, separated by commas ('{part}' is none)"))];

    private static LogLevel Level(string text) =>
        Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) && !int.TryParse(text, out _)
            ? level
            : throw new FormatException("must be Trace, Debug, Information, Warning or Error");

    private static string FirstLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: >= 8 } secret
                ? secret
                : throw new FormatException("must name a file whose first line is a secret of at least 8 characters");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"must name a readable file ({error.Message})", error);
        }
    }
}
