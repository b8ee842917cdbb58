using System.Net;

namespace Sluice.Silo.Configuration;

/// <summary>
/// The settings of one node, which cannot be changed while it runs. A value on the command line wins over the environment (<c>SLUICE_REPLICATION_PORT</c>), that over the
/// configuration file (<c>replication-port 9321</c>, as in redis.conf), that over the default.
/// </summary>
internal sealed class NodeSettings
{
    public string Name { get; set; } = "node-1";

    public string Data { get; set; } = "data";

    public IPAddress Host { get; set; } = IPAddress.Loopback;

    /// <summary>Null: the same as <see cref="Host"/>.</summary>
    public IPAddress? Bind { get; set; }

    public int Port { get; set; } = 9221;

    public int ReplicationPort { get; set; } = 9321;

    public int SiloPort { get; set; } = 11111;

    public int GatewayPort { get; set; } = 30000;

    public IReadOnlyList<IPEndPoint> Seeds { get; set; } = [];

    public int Shards { get; set; } = 16;

    public string ClusterId { get; set; } = "sluice";

    public string Secret { get; set; } = "";

    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>The ports that the node listens on, each with its setting's name.</summary>
    public IEnumerable<(string Name, int Port)> Ports => [("port", Port), ("replication-port", ReplicationPort), ("silo-port", SiloPort), ("gateway-port", GatewayPort)];

    /// <summary>The address to listen on.</summary>
    public IPAddress Listen => Bind ?? Host;

    /// <summary>Puts the sources together and checks what one value alone cannot tell.</summary>
    /// <param name="commandLine">Name and value of the options given.</param>
    /// <param name="environment">Looks an environment variable up.</param>
    /// <param name="file">The configuration file's lines, and its path for messages; null without one.</param>
    /// <exception cref="SettingException">A name is unknown or a value is not allowed.</exception>
    public static NodeSettings Resolve(IReadOnlyDictionary<string, string> commandLine, Func<string, string?> environment, (string Path, IReadOnlyList<string> Lines)? file)
    {
        var inFile = file is { } given ? ReadFile(given.Path, given.Lines) : new Dictionary<string, (string Value, int Number)>(StringComparer.Ordinal);
        var settings = new NodeSettings();
        foreach (var setting in NodeSetting.All)
        {
            var variable = VariableOf(setting.Name);
            if (commandLine.TryGetValue(setting.Name, out var option))
            {
                Apply(settings, setting, option, $"--{setting.Name}");
            }
            else if (environment(variable) is { Length: > 0 } value)
            {
                Apply(settings, setting, value, variable);
            }
            else if (inFile.TryGetValue(setting.Name, out var line))
            {
                Apply(settings, setting, line.Value, $"{file!.Value.Path}:{line.Number}: {setting.Name}");
            }
        }

        settings.Check();
        return settings;
    }

    /// <summary>The environment variable of a setting.</summary>
    public static string VariableOf(string name) => "SLUICE_" + name.ToUpperInvariant().Replace('-', '_');

    private static Dictionary<string, (string Value, int Number)> ReadFile(string path, IReadOnlyList<string> lines)
    {
        var found = new Dictionary<string, (string Value, int Number)>(StringComparer.Ordinal);
        for (var index = 0; index < lines.Count; index++)
        {
            var line = lines[index].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (NodeSetting.All.All(setting => !string.Equals(setting.Name, parts[0], StringComparison.Ordinal)))
            {
                throw new SettingException($"{path}:{index + 1}: there is no setting '{parts[0]}'. Settings: {string.Join(", ", NodeSetting.All.Select(s => s.Name))}.");
            }

            found[parts[0]] = (parts.Length > 1 ? parts[1].Trim('"') : "", index + 1);
        }

        return found;
    }

    private static void Apply(NodeSettings settings, NodeSetting setting, string text, string where)
    {
        try
        {
            setting.Apply(settings, text);
        }
        catch (FormatException error)
        {
            throw new SettingException($"{where} '{text}': {error.Message}.", error);
        }
    }

    private void Check()
    {
        var ports = new Dictionary<int, string>();
        foreach (var (name, port) in Ports)
        {
            if (!ports.TryAdd(port, name))
            {
                throw new SettingException($"--{name} {port} is taken by --{ports[port]} already: each needs a port of its own.");
            }
        }

        var self = new IPEndPoint(Host, SiloPort);
        if (Seeds.Count > 0 && !Seeds.Contains(self))
        {
            throw new SettingException($"--seeds {string.Join(',', Seeds)} does not name this node's own silo endpoint {self}: add it, or correct --host and --silo-port.");
        }

        if (Secret.Length == 0 && !IPAddress.IsLoopback(Listen))
        {
            throw new SettingException($"--bind {Listen} can be reached from other machines: give a --secret-file, the same on all nodes.");
        }
    }
}

/// <summary>A setting that the operator must correct; the message is one sentence that says how.</summary>
internal sealed class SettingException : Exception
{
    public SettingException(string message) : base(message) { }

    public SettingException(string message, Exception innerException) : base(message, innerException) { }
}
