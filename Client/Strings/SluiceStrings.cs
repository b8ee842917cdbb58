namespace Sluice.Client;

internal sealed class SluiceStrings(ShardRouter router) : ISluiceStrings
{
    /// <summary>A call to a shard carries at most so many commands, so that no client holds a shard's turn for long.</summary>
    private const int MaxCommandsPerCall = 256;

    /// <summary>And about so many bytes: the memory that one call takes on both sides.</summary>
    private const int MaxBytesPerCall = 1024 * 1024;

    public async Task<byte[]?> GetAsync(SluiceBytes key, CancellationToken cancellationToken) =>
        (await OneAsync(key, RespCommand.Of("GET", key.ToArray()), cancellationToken).ConfigureAwait(false)).AsValue();

    public async Task<IReadOnlyList<byte[]?>> GetManyAsync(IReadOnlyList<SluiceBytes> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var replies = await ManyAsync(keys.Count, i => keys[i].Memory, i => RespCommand.Of("GET", keys[i].ToArray()), cancellationToken)
            .ConfigureAwait(false);
        return Array.ConvertAll(replies, reply => reply.AsValue());
    }

    public async Task<bool> SetAsync(SluiceBytes key, SluiceBytes value, SetOptions? options, CancellationToken cancellationToken)
    {
        CheckSize(key, value);
        List<byte[]> command = ["SET"u8.ToArray(), key.ToArray(), value.ToArray()];
        options?.AppendTo(command);
        return (await OneAsync(key, [.. command], cancellationToken).ConfigureAwait(false)).AsDone();
    }

    public async Task SetManyAsync(IReadOnlyList<KeyValuePair<SluiceBytes, SluiceBytes>> pairs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        foreach (var (key, value) in pairs)
        {
            CheckSize(key, value);
        }

        var replies = await ManyAsync(
            pairs.Count, i => pairs[i].Key.Memory, i => RespCommand.Of("SET", pairs[i].Key.ToArray(), pairs[i].Value.ToArray()), cancellationToken)
            .ConfigureAwait(false);
        foreach (var reply in replies)
        {
            reply.Checked();
        }
    }

    public async Task<bool> DeleteAsync(SluiceBytes key, CancellationToken cancellationToken) =>
        await NumberAsync(key, RespCommand.Of("DEL", key.ToArray()), cancellationToken).ConfigureAwait(false) > 0;

    public async Task<long> DeleteManyAsync(IReadOnlyList<SluiceBytes> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var replies = await ManyAsync(keys.Count, i => keys[i].Memory, i => RespCommand.Of("DEL", keys[i].ToArray()), cancellationToken)
            .ConfigureAwait(false);
        return replies.Sum(reply => reply.AsInteger());
    }

    public async Task<bool> ExistsAsync(SluiceBytes key, CancellationToken cancellationToken) =>
        await NumberAsync(key, RespCommand.Of("EXISTS", key.ToArray()), cancellationToken).ConfigureAwait(false) > 0;

    public Task<long> IncrementAsync(SluiceBytes key, long by, CancellationToken cancellationToken) =>
        NumberAsync(key, RespCommand.Of("INCRBY", key.ToArray(), RespCommand.Number(by)), cancellationToken);

    public Task<long> AppendAsync(SluiceBytes key, SluiceBytes tail, CancellationToken cancellationToken)
    {
        CheckSize(key, tail);
        return NumberAsync(key, RespCommand.Of("APPEND", key.ToArray(), tail.ToArray()), cancellationToken);
    }

    public async Task<TimeSpan?> GetTimeToLiveAsync(SluiceBytes key, CancellationToken cancellationToken)
    {
        var milliseconds = await NumberAsync(key, RespCommand.Of("PTTL", key.ToArray()), cancellationToken).ConfigureAwait(false);
        return milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);
    }

    public async Task<bool> ExpireAsync(SluiceBytes key, TimeSpan after, CancellationToken cancellationToken)
    {
        var command = RespCommand.Of("PEXPIRE", key.ToArray(), RespCommand.Number(RespCommand.Milliseconds(after)));
        return await NumberAsync(key, command, cancellationToken).ConfigureAwait(false) > 0;
    }

    public async Task<bool> PersistAsync(SluiceBytes key, CancellationToken cancellationToken) =>
        await NumberAsync(key, RespCommand.Of("PERSIST", key.ToArray()), cancellationToken).ConfigureAwait(false) > 0;

    private static void CheckSize(SluiceBytes key, SluiceBytes value)
    {
        if (value.Memory.Length > SluiceClientOptions.MaxValueBytes)
        {
            throw new SluiceException(
                $"The value of '{key}' has {value.Memory.Length} bytes, more than the {SluiceClientOptions.MaxValueBytes} that a call carries: set it through a node's RESP port.");
        }
    }

    private Task<RespReply> OneAsync(SluiceBytes key, byte[][] command, CancellationToken cancellationToken) =>
        router.ExecuteAsync(key.Memory, command, cancellationToken);

    private async Task<long> NumberAsync(SluiceBytes key, byte[][] command, CancellationToken cancellationToken) =>
        (await OneAsync(key, command, cancellationToken).ConfigureAwait(false)).AsInteger();

    /// <summary>Executes commands grouped by shard: shards side by side, calls of one shard one behind the other. Replies in the commands' order.</summary>
    private async Task<RespReply[]> ManyAsync(
        int count, Func<int, ReadOnlyMemory<byte>> keyOf, Func<int, byte[][]> commandOf, CancellationToken cancellationToken)
    {
        var replies = new RespReply[count];
        if (count == 0)
        {
            return replies;
        }

        var shards = await router.GetShardCountAsync(cancellationToken).ConfigureAwait(false);
        var groups = Enumerable.Range(0, count).GroupBy(i => HashSlot.ToShard(HashSlot.Of(keyOf(i).Span), shards));
        await Task.WhenAll(groups.Select(group => ShardAsync(group.Key, [.. group]))).ConfigureAwait(false);
        return replies;

        async Task ShardAsync(int shard, int[] indexes)
        {
            for (var next = 0; next < indexes.Length;)
            {
                var first = next;
                List<byte[][]> commands = [];
                for (long bytes = 0; next < indexes.Length && commands.Count < MaxCommandsPerCall && (bytes == 0 || bytes < MaxBytesPerCall); next++)
                {
                    var command = commandOf(indexes[next]);
                    bytes += command.Sum(part => (long)part.Length);
                    commands.Add(command);
                }

                var answers = await router.ExecuteAsync(shard, [.. commands], cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < answers.Length; i++)
                {
                    replies[indexes[first + i]] = answers[i];
                }
            }
        }
    }
}
