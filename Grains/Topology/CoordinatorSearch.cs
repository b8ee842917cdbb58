using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Sluice.Topology;

/// <summary>Finds out from other nodes what this one may have missed about who coordinates the cluster.</summary>
internal sealed class CoordinatorSearch(IGrainFactory grains, TimeProvider time)
{
    /// <summary>
    /// How long a coordinator that starts waits for nodes that do not answer. Long enough for a node that starts at the same time, or whose silo has yet to be heard of; short
    /// enough that a cluster whose other nodes are gone serves soon.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether the coordinator, as far as this node knows who it is, answers.</summary>
    public async Task<bool> AnswersAsync()
    {
        try
        {
            await grains.GetGrain<ITopologyGrain>(0).Get().WaitAsync(Patience, time);
            return true;
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            return false;
        }
    }

    /// <summary>The topology as another node knows it; null when it does not answer in time.</summary>
    public async Task<ClusterTopology?> AskAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            return await grains.GetGrain<INodeGrain>(node).GetTopology().WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            return null;
        }
    }

    /// <summary>Asks nodes until each has answered or the patience is at its end.</summary>
    /// <returns>The newest topology of this cluster among theirs and <paramref name="known"/>, and who did not answer.</returns>
    public async Task<(ClusterTopology Newest, IReadOnlyList<string> Silent)> AskAllAsync(ClusterTopology known, IEnumerable<string> nodes, CancellationToken cancellationToken)
    {
        var silent = nodes.ToList();
        var newest = known;
        var start = time.GetTimestamp();
        while (true)
        {
            var answers = await Task.WhenAll(silent.Select(node => AskAsync(node, cancellationToken)));
            silent = [.. silent.Zip(answers).Where(pair => pair.Second is null).Select(pair => pair.First)];
            newest = answers.OfType<ClusterTopology>().Where(topology => topology.ClusterId == known.ClusterId).Append(newest).Aggregate((best, next) => next.IsNewerThan(best) ? next : best);
            if (silent.Count == 0 || time.GetElapsedTime(start) >= Patience)
            {
                return (newest, silent);
            }

            await Task.Delay(AskAgain, time, cancellationToken);
        }
    }

    private static bool IsNoAnswer(Exception error) => error is OrleansException or TimeoutException or IOException or HttpRequestException or ShardUnavailableException;
}
