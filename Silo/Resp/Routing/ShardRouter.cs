using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Sluice.Resp;
using Sluice.Silo.Resp.Commands;

namespace Sluice.Silo.Resp.Routing;

/// <summary>
/// Routes by this node's picture of the topology. The picture may be old: then the replica that is asked says so, by <see cref="ShardUnavailableException"/> (nothing was
/// executed) or by refusing writes with READONLY though it should be primary. The picture is refreshed then and the commands are sent again, a few times within a few
/// seconds. A call that may have reached its replica and brought no answer is repeated only if no command in it writes: a write is never executed twice.
/// </summary>
internal sealed partial class ShardRouter : IShardRouter, IDisposable
{
    // A planned change of primary takes milliseconds; a node that died is noticed within some seconds. Who waits longer should be told.
    private static readonly TimeSpan RetryWindow = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly ITopologyView topology;
    private readonly IGrainFactory grains;
    private readonly string self;
    private readonly TimeProvider time;
    private readonly ILogger<ShardRouter> logger;
    private volatile ShardRoutes routes;

    public ShardRouter(ITopologyView topology, IGrainFactory grains, IOptions<NodeOptions> options, TimeProvider time, ILogger<ShardRouter> logger)
    {
        this.topology = topology;
        this.grains = grains;
        this.time = time;
        this.logger = logger;
        self = options.Value.Name;
        routes = ShardRoutes.From(topology.Current, self, grains);
        topology.Changed += TakeOver;
    }

    /// <inheritdoc/>
    public int ShardCount => Routes().Count;

    /// <inheritdoc/>
    public async ValueTask<ReplyBatch> ExecuteAsync(int shard, CommandBatch batch)
    {
        var began = time.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var route = Routes()[shard];
            string reason;
            try
            {
                var replies = await route.Target.Execute(batch with { Epoch = route.Epoch });
                if (!IsDeposed(route, replies) || IsOver(began))
                {
                    return replies;
                }

                reason = "it refuses writes";
            }
            catch (ShardUnavailableException error)
            {
                if (IsOver(began))
                {
                    LogUnreachable(shard, route.Node, error.Message);
                    return Errors(batch, $"CLUSTERDOWN Shard {shard} is not available: {error.Message}");
                }

                reason = error.Message;
            }
            catch (Exception error) when (IsUnavailable(error))
            {
                var writes = Writes(batch);
                if (writes || IsOver(began))
                {
                    LogUnreachable(shard, route.Node, error.Message);
                    return Errors(batch, $"CLUSTERDOWN Node '{route.Node}' of shard {shard} did not answer{(writes ? "; writes may or may not have been executed: read before you write again" : "")}");
                }

                reason = error.Message;
            }

            LogRetry(shard, route.Node, reason);
            await Task.Delay(pause, time);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await RefreshAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> WaitForReplicasAsync(int shard, long sequence, int replicas, TimeSpan timeout)
    {
        try
        {
            return await Routes()[shard].Primary.WaitForReplicas(sequence, replicas, timeout);
        }
        catch (Exception error) when (IsUnavailable(error))
        {
            LogUnreachable(shard, Routes()[shard].Node, error.Message);
            return 0;
        }
    }

    public void Dispose() => topology.Changed -= TakeOver;

    /// <summary>
    /// True when what was taken for the primary refused to write, and wrote nothing: then the whole batch may be sent again. If this node's own replica was deposed, the next
    /// route says so, and READONLY is the right answer.
    /// </summary>
    private static bool IsDeposed(ShardRoutes.Route route, ReplyBatch replies) => route.ToPrimary && replies.WrittenSequence == 0 && RefusedWrites(replies);

    private bool IsOver(long began) => time.GetElapsedTime(began) >= RetryWindow;

    private static bool IsUnavailable(Exception error) =>
        error is ShardUnavailableException or OrleansException or TimeoutException or IOException or HttpRequestException;

    /// <summary>True when a reply is READONLY: the replica is not the primary that it was taken for.</summary>
    private static bool RefusedWrites(ReplyBatch replies)
    {
        var start = 0;
        foreach (var end in replies.Ends)
        {
            if (replies.Bytes.AsSpan(start, end - start).StartsWith("-READONLY"u8))
            {
                return true;
            }

            start = end;
        }

        return false;
    }

    private static bool Writes(CommandBatch batch) =>
        Array.Exists(batch.Commands, command => !CommandTable.TryFind(command[0], out var info) || info.Flags.HasFlag(CommandFlags.Write));

    private async Task RefreshAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(LongestPause, time);
            await topology.RefreshAsync(limit.Token);
        }
        catch (Exception error) when (IsUnavailable(error) || error is OperationCanceledException)
        {
            LogNoRefresh(error);
        }
    }

    private ShardRoutes Routes()
    {
        // Changed tells of a new picture; this catches one that came between the constructor's look and its subscription.
        if (!ReferenceEquals(routes.Topology, topology.Current))
        {
            TakeOver();
        }

        return routes;
    }

    private void TakeOver() => routes = ShardRoutes.From(topology.Current, self, grains);

    private static ReplyBatch Errors(CommandBatch batch, string message) => ErrorReplies.For(batch.Commands.Length, message);

    [LoggerMessage(5101, LogLevel.Warning, "Shard {Shard} on node {Node} cannot be reached; its commands get an error: {Reason}")]
    private partial void LogUnreachable(int shard, string node, string reason);

    [LoggerMessage(5102, LogLevel.Debug, "Commands for shard {Shard} are sent again: node {Node}: {Reason}")]
    private partial void LogRetry(int shard, string node, string reason);

    [LoggerMessage(5103, LogLevel.Debug, "The topology cannot be refreshed")]
    private partial void LogNoRefresh(Exception error);
}
