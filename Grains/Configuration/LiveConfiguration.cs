using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Sluice.Bandwidth;
using Sluice.Persistence;
using Sluice.Resp;

namespace Sluice.Configuration;

/// <summary>
/// A node's parameters while it runs. Values come from, each over the one before: the defaults, <c>sluice.conf</c> in the data directory, what the node was
/// started with, CONFIG SET. Readers see one immutable picture, so a CONFIG SET of several is seen whole or not at all.
/// CONFIG REWRITE makes what CONFIG SET changed survive a restart.
/// </summary>
public sealed class LiveConfiguration
{
    private readonly FrozenDictionary<string, ConfigurationParameter> parameters;
    private readonly string? path;
    private readonly Lock gate = new();
    private volatile Values values;

    /// <summary>Reads the file, if there is one.</summary>
    /// <param name="path">The file that CONFIG REWRITE writes and that is loaded if it exists; null: neither.</param>
    /// <param name="startup">What the node was started with, by parameter name; wins over the file. Read-only parameters may be given here.</param>
    /// <exception cref="OrderRefusedException">The file or <paramref name="startup"/> names an unknown parameter or has a bad value.</exception>
    public LiveConfiguration(string? path = null, IEnumerable<KeyValuePair<string, string>>? startup = null)
    {
        this.path = path;
        parameters = ConfigurationParameters.All.ToFrozenDictionary(parameter => parameter.Name, parameter => parameter.AliasOf ?? parameter, StringComparer.OrdinalIgnoreCase);
        var initial = ImmutableDictionary<string, Value>.Empty;
        foreach (var parameter in ConfigurationParameters.All.Where(parameter => parameter.AliasOf is null))
        {
            _ = parameter.TryParse(parameter.Default, out var text, out var number);
            initial = initial.Add(parameter.Name, new Value(text, number));
        }

        var persistent = ImmutableHashSet<string>.Empty;
        foreach (var (name, value, origin) in ReadFile(path))
        {
            initial = With(initial, name, value, origin);
            persistent = persistent.Add(parameters[name].Name);
        }

        foreach (var (name, value) in startup ?? [])
        {
            initial = With(initial, name, value, "the node's options");
        }

        values = new Values(initial.ToFrozenDictionary(), persistent);
    }

    /// <summary>The configuration of a data directory's file, which need not exist yet.</summary>
    /// <exception cref="OrderRefusedException">The file or <paramref name="startup"/> names an unknown parameter or has a bad value.</exception>
    public static LiveConfiguration Load(string path, IEnumerable<KeyValuePair<string, string>>? startup = null) => new(path, startup);

    /// <summary>Raised with a parameter's name after its value has changed, on the thread of who changed it. Handlers return at once and don't throw.</summary>
    public event Action<string>? Changed;

    /// <summary>The file of CONFIG REWRITE, or null.</summary>
    public string? Path => path;

    /// <summary>Clients at once.</summary>
    public int MaxClients => (int)Number(ConfigurationParameters.MaxClients);

    /// <summary>The password that clients must give; empty: none.</summary>
    public string RequirePass => Text(ConfigurationParameters.RequirePass);

    /// <summary>The password of the node that REPLICAOF names; empty: none.</summary>
    public string MasterAuth => Text(ConfigurationParameters.MasterAuth);

    /// <summary>How long a client may be idle; zero: for ever.</summary>
    public TimeSpan ClientTimeout => TimeSpan.FromSeconds(Number(ConfigurationParameters.Timeout));

    /// <summary>The longest value, bytes.</summary>
    public long ProtoMaxBulkLength => Number(ConfigurationParameters.ProtoMaxBulkLength);

    /// <summary>Limit on what copies to this node may take, bytes per second; 0: none.</summary>
    public long ThrottleBytesPerSecond => Number(ConfigurationParameters.Throttle);

    /// <summary>Limit on what copies from this node may take, bytes per second; 0: none.</summary>
    public long SyncEgressBytesPerSecond => Number(ConfigurationParameters.SyncEgress);

    /// <summary>The rate of a flow without a grant, bytes per second.</summary>
    public long SyncFloorBytesPerSecond => Number(ConfigurationParameters.SyncFloor);

    /// <summary>The least time without progress after which a flow counts as stalled.</summary>
    public TimeSpan RsyncTimeout => TimeSpan.FromMilliseconds(Number(ConfigurationParameters.RsyncTimeout));

    /// <summary>The part of a link's known capacity that copies leave free, 0 to 90 per cent, or <see cref="NodeBandwidthReport.AutoHeadroom"/>.</summary>
    public int SyncHeadroomPercent => (int)Number(ConfigurationParameters.SyncHeadroom);

    /// <summary>The delay that a copy may add to a link's queue.</summary>
    public TimeSpan TargetQueueDelay => TimeSpan.FromMilliseconds(Number(ConfigurationParameters.TargetQueueDelay));

    /// <summary>Full copies at once over each of this node's links, in either direction.</summary>
    public int MaxConcurrentSyncs => (int)Number(ConfigurationParameters.MaxConcurrentSyncs);

    /// <summary>What the operator says of the node's links.</summary>
    public LinkCapacitySetting LinkCapacity => LinkCapacitySetting.TryParse(Text(ConfigurationParameters.LinkCapacity), out var setting) is null ? setting : LinkCapacitySetting.Auto;

    /// <summary>Where alerts are posted to; empty: nowhere.</summary>
    public string AlertWebhook => Text(ConfigurationParameters.AlertWebhook);

    /// <summary>What leased snapshots may hold on disk beyond the live files, bytes; 0: no bound.</summary>
    public long SnapshotMaxDiskBytes => Number(ConfigurationParameters.SnapshotMaxDisk);

    /// <summary>Writers are slowed so that followers keep up.</summary>
    public bool ReplBackpressure => Text(ConfigurationParameters.ReplBackpressure) == "yes";

    /// <summary>How long a batch of writes waits for that at the most.</summary>
    public TimeSpan ReplBackpressureMaxDelay => TimeSpan.FromMilliseconds(Number(ConfigurationParameters.ReplBackpressureMaxDelay));

    /// <summary>When writes are synced: <c>always</c>, <c>everysec</c> or <c>no</c>.</summary>
    public string AppendFsync => Text(ConfigurationParameters.AppendFsync);

    /// <summary>The RESP port.</summary>
    public string Port => Text(ConfigurationParameters.Port);

    /// <summary>A parameter's value as CONFIG GET shows it.</summary>
    public string Text(ConfigurationParameter parameter) => values.ByName[parameter.Name].Text;

    /// <summary>An integer's or memory size's value.</summary>
    public long Number(ConfigurationParameter parameter) => values.ByName[parameter.Name].Number;

    /// <summary>The parameters whose names match one of the glob patterns, each once, in the order of <see cref="ConfigurationParameters.All"/>.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Get(params IReadOnlyList<string> patterns)
    {
        var globs = patterns.Select(pattern => Encoding.UTF8.GetBytes(pattern)).ToArray();
        var current = values.ByName;
        return
        [
            .. ConfigurationParameters.All
                .Where(parameter => Array.Exists(globs, glob => GlobPattern.IsMatch(glob, Encoding.UTF8.GetBytes(parameter.Name), ignoreCase: true)))
                .Select(parameter => KeyValuePair.Create(parameter.Name, current[(parameter.AliasOf ?? parameter).Name].Text)),
        ];
    }

    /// <summary>Changes parameters, all or none.</summary>
    /// <exception cref="OrderRefusedException">A name is unknown or given twice, a value is outside its range, or the parameter can't be set while the node runs. In Redis' words.</exception>
    public void Set(IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        List<string> changed;
        lock (gate)
        {
            var before = values;
            values = Applied(changes);
            changed = [.. changes.Select(change => parameters[change.Key].Name).Where(name => before.ByName[name].Text != values.ByName[name].Text)];
        }

        foreach (var name in changed)
        {
            Changed?.Invoke(name);
        }
    }

    /// <summary>Changes nothing, and refuses what <see cref="Set"/> would refuse.</summary>
    /// <exception cref="OrderRefusedException">As <see cref="Set"/> has it.</exception>
    public void Check(IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        lock (gate)
        {
            _ = Applied(changes);
        }
    }

    /// <summary>Writes what CONFIG SET changed to the file, beside what stood there: whole or not at all, and durable when this returns.</summary>
    /// <exception cref="OrderRefusedException">There is no file.</exception>
    /// <exception cref="IOException">The file can't be written; the old one is as it was.</exception>
    public void Rewrite()
    {
        if (path is null)
        {
            throw new OrderRefusedException("The server is running without a config file");
        }

        lock (gate)
        {
            var text = new StringBuilder("# Written by CONFIG REWRITE. One parameter a line: its name and its value, quoted where needed.\n");
            foreach (var parameter in ConfigurationParameters.All.Where(parameter => values.Persistent.Contains(parameter.Name)))
            {
                text.Append(parameter.Name).Append(' ').Append(QuotedWords.Quote(Text(parameter))).Append('\n');
            }

            DurableFile.Replace(path, Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    private Values Applied(IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        var byName = values.ByName.ToDictionary();
        var persistent = values.Persistent;
        foreach (var (parameter, text) in Known(changes))
        {
            if (parameter.TryParse(text, out var formatted, out var number) is { } error)
            {
                throw Refused(parameter.Name, error);
            }

            byName[parameter.Name] = new Value(formatted, number);
            persistent = persistent.Add(parameter.Name);
        }

        return new Values(byName.ToFrozenDictionary(), persistent);
    }

    private IEnumerable<(ConfigurationParameter Parameter, string Text)> Known(IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        // Redis looks at all names before it looks at any value.
        var seen = new HashSet<ConfigurationParameter>();
        foreach (var change in changes)
        {
            if (!parameters.TryGetValue(change.Key, out var parameter))
            {
                throw new OrderRefusedException($"Unknown option or number of arguments for CONFIG SET - '{change.Key}'");
            }

            if (!parameter.IsMutable)
            {
                throw Refused(parameter.Name, "can't set immutable config");
            }

            if (!seen.Add(parameter))
            {
                throw Refused(parameter.Name, "duplicate parameter");
            }
        }

        return changes.Select(change => (parameters[change.Key], change.Value));
    }

    private static OrderRefusedException Refused(string name, string error) =>
        new($"CONFIG SET failed (possibly related to argument '{name}') - {error}");

    private ImmutableDictionary<string, Value> With(ImmutableDictionary<string, Value> all, string name, string text, string origin)
    {
        if (ClassParameters.Has(name))
        {
            throw new OrderRefusedException($"{origin}: {name} is the whole cluster's and kept with its policy, not by a node: CONFIG SET it once on any node that runs.");
        }

        if (!parameters.TryGetValue(name, out var parameter))
        {
            throw new OrderRefusedException($"{origin}: there is no parameter '{name}'; CONFIG GET * on a running node lists them.");
        }

        return parameter.TryParse(text, out var formatted, out var number) is { } error
            ? throw new OrderRefusedException($"{origin}: {parameter.Name} can't be '{text}': {error}.")
            : all.SetItem(parameter.Name, new Value(formatted, number));
    }

    private static IEnumerable<(string Name, string Value, string Origin)> ReadFile(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            yield break;
        }

        var number = 0;
        var words = new List<byte[]>();
        foreach (var line in File.ReadAllLines(path))
        {
            number++;
            var origin = $"{path}, line {number}";
            if (line.AsSpan().Trim() is [] or ['#', ..])
            {
                continue;
            }

            if (!QuotedWords.TrySplit(Encoding.UTF8.GetBytes(line), words) || words.Count != 2)
            {
                throw new OrderRefusedException($"{origin}: expected a parameter's name and its value, got '{line}'.");
            }

            yield return (Encoding.UTF8.GetString(words[0]), Encoding.UTF8.GetString(words[1]), origin);
        }
    }

    private sealed record Value(string Text, long Number);

    private sealed record Values(FrozenDictionary<string, Value> ByName, ImmutableHashSet<string> Persistent);
}
