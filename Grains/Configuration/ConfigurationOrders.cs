using System.Collections.Immutable;
using System.Text;
using Orleans.Runtime;
using Sluice.Bandwidth;
using Sluice.Resp;

namespace Sluice.Configuration;

/// <summary>CONFIG GET and CONFIG SET, whoever asks for them: over the node's own parameters and those of the cluster's class table, which the broker keeps.</summary>
/// <param name="configuration">The node's own parameters.</param>
/// <param name="policy">The newest policy that this node knows.</param>
/// <param name="broker">Who keeps the class table.</param>
/// <param name="time">The clock.</param>
public sealed class ConfigurationOrders(LiveConfiguration configuration, KnownPolicy policy, Func<IBandwidthBrokerGrain> broker, TimeProvider time)
{
    // Clients ask for all parameters when they connect: a broker that does not answer must not keep them waiting.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The parameters whose names match one of the glob patterns. Those of the class table are the cluster's at this moment; while the broker can't be reached, as this node last heard of them, or none if it never did.
    /// </summary>
    public async Task<ImmutableArray<KeyValuePair<string, string>>> GetAsync(params IReadOnlyList<string> patterns)
    {
        var own = configuration.Get(patterns);
        var globs = patterns.Select(pattern => Encoding.UTF8.GetBytes(pattern)).ToArray();
        var asked = ClassParameters.All.Where(parameter => Array.Exists(globs, glob => GlobPattern.IsMatch(glob, Encoding.UTF8.GetBytes(parameter.Name), ignoreCase: true))).Select(parameter => parameter.Name).ToHashSet();
        return asked.Count == 0 || await PresentAsync() is not { } present
            ? own
            : [.. own, .. present.ClassTable().Where(terms => asked.Contains(ClassParameters.NameOf(terms))).Select(terms => KeyValuePair.Create(ClassParameters.NameOf(terms), ClassParameters.Format(terms)))];
    }

    /// <summary>Changes parameters, all or none; what is the cluster's is durable when this returns.</summary>
    /// <exception cref="OrderRefusedException">A name is unknown or given twice, a value is outside its range, the parameter can't be set while the node runs, or the broker can't be reached. In Redis' words.</exception>
    public async Task SetAsync(IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        var classes = changes.Where(change => ClassParameters.Has(change.Key)).ToList();
        var own = changes.Where(change => !ClassParameters.Has(change.Key)).ToList();
        if (classes.Count > 0)
        {
            configuration.Check(own);
            await SetClassesAsync(classes);
        }

        configuration.Set(own);
    }

    private async Task SetClassesAsync(List<KeyValuePair<string, string>> changes)
    {
        if (changes.GroupBy(change => change.Key, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new OrderRefusedException($"CONFIG SET failed (possibly related to argument '{twice.Key.ToLowerInvariant()}') - duplicate parameter");
        }

        try
        {
            var next = changes.Aggregate(await broker().GetPolicy(), (policy, change) => ClassParameters.With(policy, change.Key, change.Value));
            policy.Adopt(await broker().SetClasses([.. next.ClassTable().Where(terms => changes.Exists(change => ClassParameters.NameOf(terms).Equals(change.Key, StringComparison.OrdinalIgnoreCase)))]));
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or IOException or HttpRequestException)
        {
            throw new OrderRefusedException($"CONFIG SET failed (possibly related to argument '{changes[0].Key.ToLowerInvariant()}') - the bandwidth broker cannot be reached: {error.Message}", error);
        }
    }

    private async Task<BandwidthPolicy?> PresentAsync()
    {
        try
        {
            return await broker().GetPolicy().WaitAsync(Patience, time);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or IOException or HttpRequestException)
        {
            return policy.Current;
        }
    }
}
