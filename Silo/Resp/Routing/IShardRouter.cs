namespace Sluice.Silo.Resp.Routing;

/// <summary>Brings commands to the shards that execute them, wherever these are. Safe for concurrent use.</summary>
public interface IShardRouter
{
    /// <summary>The number of shards; 0 while this node knows of no cluster.</summary>
    int ShardCount { get; }

    /// <summary>
    /// Executes commands on one shard, in order. Never throws for a shard that can't be reached: its commands' replies are errors then, and say whether a write may have
    /// been executed all the same.
    /// </summary>
    ValueTask<ReplyBatch> ExecuteAsync(int shard, CommandBatch batch);

    /// <summary>Asks a shard's primary to wait until so many replicas have made a sequence durable, or the time is over.</summary>
    /// <returns>How many have; 0 when the primary can't be reached.</returns>
    ValueTask<int> WaitForReplicasAsync(int shard, long sequence, int replicas, TimeSpan timeout);
}
