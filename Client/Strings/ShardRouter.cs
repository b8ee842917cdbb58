namespace Sluice.Client;

/// <summary>
/// Sends commands straight to the primary of their shard: the key's hash slot gives the shard, the cached topology its primary. When the replica that was
/// asked says that it is not (or no longer) the primary, nothing was executed; the topology is asked for again and the command repeated, a few times, with
/// growing pauses. A call that was not answered is never repeated: it may have been executed.
/// </summary>
internal sealed class ShardRouter(IClusterGrains grains, TopologyCache topology, TimeProvider time, int retries)
{
    /// <summary>The first pause before a command is repeated; each further one is twice as long. A change of primary takes the cluster about a second.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The number of shards.</summary>
    /// <exception cref="SluiceException">No node has joined yet.</exception>
    public async ValueTask<int> GetShardCountAsync(CancellationToken cancellationToken) =>
        (await KnownAsync(cancellationToken).ConfigureAwait(false)).Shards.Length;

    /// <summary>Executes one command and returns its reply, which may be an error.</summary>
    public async Task<RespReply> ExecuteAsync(ReadOnlyMemory<byte> key, byte[][] command, CancellationToken cancellationToken)
    {
        var shards = await GetShardCountAsync(cancellationToken).ConfigureAwait(false);
        var shard = HashSlot.ToShard(HashSlot.Of(key.Span), shards);
        return (await ExecuteAsync(shard, [command], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Executes commands of one shard, in order, in one turn. Either all of them read or all of them write.</summary>
    public async Task<RespReply[]> ExecuteAsync(int shard, byte[][][] commands, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var current = await KnownAsync(cancellationToken).ConfigureAwait(false);
            var key = new ReplicaKey(shard, current.Shards[shard].Primary);
            string refusal;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                var batch = await grains.Shard(key).Execute(new CommandBatch { Commands = commands })
                    .AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
                var replies = RespReplyReader.ReadAll(batch.Bytes, commands.Length);
                if (!replies[0].IsError("READONLY"))
                {
                    return replies;
                }

                refusal = replies[0].Text;
            }
            catch (ShardUnavailableException error)
            {
                refusal = error.Message;
            }
            catch (Exception error) when (GrainCalls.IsUnreachable(error))
            {
                throw new SluiceUnreachableException(
                    $"Shard {key} does not answer, and whether a write took effect is not known: {error.Message}", error);
            }

            if (attempt >= retries)
            {
                throw new SluiceException($"Shard {shard} has had no primary that serves it, in {attempt + 1} attempts. The last answer, of {key}: {refusal}");
            }

            await Task.Delay(FirstPause * Math.Pow(2, Math.Min(attempt, 6)), time, cancellationToken).ConfigureAwait(false);
            await topology.RefreshAsync(current, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<ClusterTopology> KnownAsync(CancellationToken cancellationToken)
    {
        var current = await topology.GetAsync(cancellationToken).ConfigureAwait(false);
        if (current.Shards.IsEmpty)
        {
            current = await topology.RefreshAsync(current, cancellationToken).ConfigureAwait(false);
        }

        return current.Shards.IsEmpty
            ? throw new SluiceException("The cluster has no shards yet, because no node has joined it: start one, then try again.")
            : current;
    }
}
