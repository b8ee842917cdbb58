using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;

namespace Sluice.Lab.Scenarios;

/// <summary>One thing to run: a scenario in one variant with one system.</summary>
/// <param name="Scenario">The scenario's name.</param>
/// <param name="Variant">What distinguishes it from the scenario's other cases.</param>
/// <param name="System">What is tested.</param>
/// <param name="Run">Runs it.</param>
internal sealed record LabCase(string Scenario, string Variant, string System, Func<CaseContext, Task<CaseResult>> Run)
{
    public string Id => $"{Scenario}/{Variant}/{System}";

    /// <summary>A shape and a congestion control as a variant is named.</summary>
    public static string VariantOf(NetworkShape shape, string congestionControl) => $"{shape.ToString().ToLowerInvariant()}/{congestionControl}";

    /// <summary>Whether a word of the command line means this case: the scenario, or more of the path.</summary>
    public bool IsNamedBy(string word) => string.Equals(Id, word, StringComparison.OrdinalIgnoreCase) || Id.StartsWith(word + "/", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A subject of the lab.</summary>
internal interface IScenario
{
    /// <summary>As the command line names it.</summary>
    string Name { get; }

    /// <summary>What happens, in one sentence for a person.</summary>
    string Summary { get; }

    /// <summary>Its cases; fewer and smaller ones in the short form.</summary>
    IEnumerable<LabCase> Cases(bool quick);
}

/// <summary>What a case needs to run.</summary>
internal sealed class CaseContext(string prefix, string directory, bool quick, DatasetImages images, Action<string> say, CancellationToken cancellation)
{
    /// <summary>Of the names of its namespaces.</summary>
    public string Prefix { get; } = prefix;

    /// <summary>A folder of its own, which is removed afterwards.</summary>
    public string Directory { get; } = directory;

    /// <summary>The short form.</summary>
    public bool IsQuick { get; } = quick;

    /// <summary>Databases that are loaded once.</summary>
    public DatasetImages Images { get; } = images;

    /// <summary>Ctrl-C.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Tells the person who watches.</summary>
    public void Say(string what) => say(what);

    /// <summary>Waits for some seconds: for what the network does meanwhile.</summary>
    public Task PassAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, Cancellation);

    /// <summary>Waits until something holds.</summary>
    /// <exception cref="LabException">It does not within the bound.</exception>
    public async Task UntilAsync(string what, double boundSeconds, Func<Task<bool>> holds, double everySeconds = 0.1)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(start).TotalSeconds > boundSeconds)
            {
                throw new LabException($"Not after {boundSeconds:0} s: {what}.");
            }

            await PassAsync(everySeconds);
        }
    }
}
