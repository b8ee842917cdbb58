using System.CommandLine;

namespace Sluice.Silo.Configuration;

/// <summary>The command line of a node: one option for each <see cref="NodeSetting"/>, and <c>--config FILE</c>.</summary>
internal static class NodeCommandLine
{
    /// <summary>Wrong usage, as the shells' own convention has it.</summary>
    public const int UsageError = 2;

    /// <summary>Reads the command line and runs the node, or says in one sentence what is wrong with it.</summary>
    public static async Task<int> RunAsync(string[] args, Func<NodeSettings, Task<int>> run)
    {
        var config = new Option<string?>("--config") { HelpName = "FILE", Description = "A configuration file: lines 'setting value', as in redis.conf [env: SLUICE_CONFIG]" };
        var root = new RootCommand("Runs one Sluice node: a Redis-compatible, replicated store whose full copies always finish.\n\nParameters that can be changed while the node runs (throttle-bytes-per-second, ...) are set by CONFIG SET and kept by CONFIG REWRITE.") { config };
        var options = NodeSetting.All.ToDictionary(
            setting => setting.Name,
            setting => new Option<string?>($"--{setting.Name}")
            {
                HelpName = setting.Value,
                Description = $"{setting.Description} [default: {setting.Default}] [env: {NodeSettings.VariableOf(setting.Name)}]",
            },
            StringComparer.Ordinal);
        foreach (var option in options.Values)
        {
            root.Add(option);
        }

        root.SetAction((parsed, _) => run(Resolve(parsed, options, config)));
        var result = root.Parse(args);
        if (result.Errors.Count > 0)
        {
            return Refuse(result.Errors[0].Message);
        }

        try
        {
            return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (SettingException error)
        {
            return Refuse(error.Message);
        }
    }

    /// <summary>Says what is wrong and how to get help.</summary>
    public static int Refuse(string message)
    {
        Console.Error.WriteLine($"sluice: {message} (--help lists all settings)");
        return UsageError;
    }

    private static NodeSettings Resolve(ParseResult parsed, Dictionary<string, Option<string?>> options, Option<string?> config)
    {
        var given = options
            .Select(option => (option.Key, Value: parsed.GetValue(option.Value)))
            .Where(option => option.Value is not null)
            .ToDictionary(option => option.Key, option => option.Value!, StringComparer.Ordinal);
        var path = parsed.GetValue(config) ?? Environment.GetEnvironmentVariable("SLUICE_CONFIG");
        return NodeSettings.Resolve(given, Environment.GetEnvironmentVariable, path is { Length: > 0 } ? (path, ReadLines(path)) : null);
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"--config '{path}' cannot be read: {error.Message}", error);
        }
    }
}
