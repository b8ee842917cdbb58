using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Topology;

namespace Sluice;

/// <summary>
/// Brings this node into the cluster when its silo is up, and keeps its picture of the cluster fresh: joins, and asks for the topology every few seconds, so that a change
/// that the node was not told of reaches it all the same. One other node in turn is asked, too, for the coordinator may have changed. A node that may not join stops.
/// </summary>
public sealed partial class NodeWatch(
    IGrainFactory grains, ITopologyView topology, IOptions<NodeOptions> options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<NodeWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int turn;

    /// <summary>Ends when the node has joined and has taken its shards.</summary>
    public Task Joined => joined.Task;

    /// <summary>Why this node may not join the cluster; null when it may. Then the host stops.</summary>
    public OrderRefusedException? Refusal { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var node = options.Value;
        var answered = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // The node grain first: it brings the remembered topology back, whether the coordinator is up or not.
                var self = grains.GetGrain<INodeGrain>(node.Name);
                var known = await self.GetTopology();
                await HearAnotherAsync(self, known, stoppingToken);
                await self.TopologyChanged(await grains.GetGrain<ITopologyGrain>(0).Join(node.Address, node.ShardCount, known.ClusterId));
                if (joined.TrySetResult())
                {
                    LogJoined(node.Name);
                }

                answered = true;
            }
            catch (OrderRefusedException error)
            {
                LogRefused(node.Name, error.Message);
                if (joined.TrySetException(error))
                {
                    Refusal = error;
                    lifetime.StopApplication();
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (answered)
                {
                    answered = false;
                    LogNoTopology(PeerError.Unexpected(error), node.Name, error.Message);
                }
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HearAnotherAsync(INodeGrain self, ClusterTopology known, CancellationToken cancellationToken)
    {
        var others = known.Nodes.Where(other => other.Name != options.Value.Name).ToList();
        if (others.Count > 0
            && await new CoordinatorSearch(grains, time).AskAsync(others[turn++ % others.Count].Name, cancellationToken) is { } heard
            && heard.ClusterId == known.ClusterId && heard.Term > topology.Current.Term)
        {
            await self.HearTopology(heard);
        }
    }

    [LoggerMessage(4501, LogLevel.Information, "Node {Node} has joined the cluster")]
    private partial void LogJoined(string node);

    [LoggerMessage(4502, LogLevel.Warning, "Node {Node} cannot reach the topology; it goes on with what it remembers and tries again: {Reason}")]
    private partial void LogNoTopology(Exception? unexpected, string node, string reason);

    [LoggerMessage(4503, LogLevel.Error, "Node {Node} may not join the cluster: {Reason}")]
    private partial void LogRefused(string node, string reason);
}
