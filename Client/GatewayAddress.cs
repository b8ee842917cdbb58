using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Client;

/// <summary>Reads endpoints as an operator writes them.</summary>
public static class GatewayAddress
{
    /// <summary>Reads <c>host:port</c>, <c>[address]:port</c> or <c>host</c> alone (port <see cref="ClusterDefaults.GatewayPort"/>); a name is looked up.</summary>
    /// <exception cref="FormatException">The text names no endpoint, or the name has no address.</exception>
    public static IPEndPoint Parse(string text) => Parse(text, ClusterDefaults.GatewayPort);

    /// <summary>The same with another default port.</summary>
    /// <exception cref="FormatException">The text names no endpoint, or the name has no address.</exception>
    public static IPEndPoint Parse(string text, int defaultPort)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IPAddress.TryParse(text, out var whole))
        {
            return new IPEndPoint(whole, defaultPort);
        }

        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon];
        var port = defaultPort;
        if (colon >= 0 && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
        {
            throw new FormatException($"'{text}' is no endpoint: after the colon must stand a port from 1 to 65535, for example 127.0.0.1:{defaultPort}.");
        }

        if (host.Length == 0)
        {
            throw new FormatException($"'{text}' is no endpoint: write host:port, for example 127.0.0.1:{defaultPort}.");
        }

        return new IPEndPoint(Resolve(host.Trim('[', ']')), port);
    }

    /// <summary>Reads several endpoints, separated by commas.</summary>
    /// <exception cref="FormatException">One of them names no endpoint.</exception>
    public static IReadOnlyList<IPEndPoint> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length == 0
            ? throw new FormatException($"'{text}' names no endpoint: write host:port[,host:port], for example 127.0.0.1:{ClusterDefaults.GatewayPort}.")
            : Array.ConvertAll(parts, Parse);
    }

    private static IPAddress Resolve(string host)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        try
        {
            // Nodes listen on IPv4 unless told otherwise, so that family is preferred where a name has both.
            var addresses = Dns.GetHostAddresses(host);
            return addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork)
                ?? addresses.FirstOrDefault()
                ?? throw new FormatException($"The name '{host}' has no address.");
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            throw new FormatException($"The name '{host}' has no address: {error.Message}", error);
        }
    }
}
