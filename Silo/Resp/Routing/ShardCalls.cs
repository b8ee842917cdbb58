using Sluice.Silo.Resp.Handlers;

namespace Sluice.Silo.Resp.Routing;

/// <summary>Single commands for single shards, for what the gateway puts together out of several.</summary>
internal sealed class ShardCalls(IShardRouter router)
{
    /// <summary>The number of shards.</summary>
    public int Count => router.ShardCount;

    /// <summary>The shard of a key.</summary>
    public int ShardOf(ReadOnlySpan<byte> key) => HashSlot.ToShard(HashSlot.Of(key), router.ShardCount);

    /// <summary>Executes a command on one shard.</summary>
    /// <returns>Its reply.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> OneAsync(CommandContext context, int shard, byte[][] command)
    {
        var replies = await router.ExecuteAsync(shard, new CommandBatch { Commands = [command], Protocol = context.Client.Protocol });
        if (replies.WrittenSequence > 0)
        {
            context.Client.Written[shard] = replies.WrittenSequence;
        }

        return replies.Bytes;
    }

    /// <summary>Executes the same command on all shards at once.</summary>
    /// <returns>The replies in the shards' order.</returns>
    public Task<ReadOnlyMemory<byte>[]> AllAsync(CommandContext context, byte[][] command) =>
        Task.WhenAll(Enumerable.Range(0, Count).Select(shard => OneAsync(context, shard, command).AsTask()));
}
