using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>
/// Hands log to a replica's database, a few batches ahead of what is durable: the next one is applied while the one before it waits for the disk, and those that wait share one fsync. It belongs to its grain's turns.
/// </summary>
/// <param name="shard">The replica.</param>
/// <param name="depth">How many batches may be under way.</param>
internal sealed class LogApplier(IShardGrain shard, int depth)
{
    private readonly Queue<Task> underWay = new();
    private Exception? failure;

    /// <summary>Told each time with the last sequence that is durable.</summary>
    public Action<long>? DurableAdvanced { get; init; }

    /// <summary>The last sequence that is applied and durable; 0: none yet.</summary>
    public long Durable { get; private set; }

    /// <summary>Applies a batch, as soon as there is a place; its records follow those of the one before it.</summary>
    /// <exception cref="LogGapException">What was handed over before did not follow; and so for all other errors: they come out of the next call.</exception>
    public async Task ApplyAsync(LogBatch batch, CancellationToken cancellationToken)
    {
        while (underWay.Count >= depth)
        {
            await underWay.Peek().WaitAsync(cancellationToken);
            Tidy();
        }

        ThrowIfFailed();
        underWay.Enqueue(ApplyOneAsync(batch));
    }

    /// <summary>Ends when all that was handed over is durable.</summary>
    public async Task FlushAsync()
    {
        await EndAsync();
        ThrowIfFailed();
    }

    /// <summary>Ends when nothing is under way any more; failures are not told.</summary>
    public async Task EndAsync()
    {
        await Task.WhenAll(underWay);
        Tidy();
    }

    /// <summary>A source's frames carry its epoch: those of another one are never applied.</summary>
    public static void CheckEpoch(string source, LogFrame frame, long epoch)
    {
        if (frame.Epoch != epoch)
        {
            throw new ShardUnavailableException($"{source} sends log in epoch {frame.Epoch}, not {epoch}: it is not taken.");
        }
    }

    /// <summary>Throws what a batch failed of.</summary>
    public void ThrowIfFailed()
    {
        if (failure is { } error)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        }
    }

    private async Task ApplyOneAsync(LogBatch batch)
    {
        try
        {
            var durable = await shard.Apply(batch);
            SluiceTelemetry.LogApplied.Add(batch.Records.Length);
            if (durable > Durable)
            {
                Durable = durable;
                DurableAdvanced?.Invoke(durable);
            }
        }
        catch (Exception error)
        {
            // The first one is the cause; those behind it found a gap.
            failure ??= error;
        }
    }

    private void Tidy()
    {
        while (underWay.TryPeek(out var first) && first.IsCompleted)
        {
            underWay.Dequeue();
        }
    }
}
