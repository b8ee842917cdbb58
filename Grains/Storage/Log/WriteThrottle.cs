using Microsoft.Extensions.Logging;
using Sluice.Configuration;
using Sluice.Storage.Commands;

namespace Sluice.Storage.Log;

/// <summary>
/// Slows one primary's writers while its followers cannot keep up, if the node is configured so: the shell of <see cref="Backpressure"/> and <see cref="WritePacing"/>. It belongs to its grain's turns.
/// </summary>
internal sealed partial class WriteThrottle(LiveConfiguration configuration, TimeProvider time, ILogger logger)
{
    // Timers are not finer, and a wait of less is made good by the next one: the debt stays.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    // Writers who are let go and caught again are one story, not many.
    private static readonly TimeSpan Released = TimeSpan.FromSeconds(10);

    private readonly Backpressure backpressure = new();
    private readonly WritePacing pacing = new();
    private TimeSpan heldAt;
    private bool isHolding;

    /// <summary>What writers are held to at present, bytes per second; 0: nothing holds them.</summary>
    public long BytesPerSecond => backpressure.LimitBytesPerSecond ?? 0;

    /// <summary>How long writes have waited in all.</summary>
    public TimeSpan Delayed { get; private set; }

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Decides anew from how far the followers are; to be called several times a second.</summary>
    /// <param name="replica">The primary.</param>
    /// <param name="log">Its log; null: it is no primary now.</param>
    public void Decide(ReplicaKey replica, PartitionLog? log)
    {
        if (log is null || !configuration.ReplBackpressure)
        {
            backpressure.Release();
        }
        else
        {
            backpressure.Decide(log.Pressures(), Now);
        }

        if (backpressure.LimitBytesPerSecond is { } limit)
        {
            heldAt = Now;
            if (!isHolding)
            {
                isHolding = true;
                LogHolds(replica, limit);
            }
        }
        else if (isHolding && Now - heldAt >= Released)
        {
            isHolding = false;
            LogReleased(replica, Delayed);
        }
    }

    /// <summary>Waits, before a batch that writes is executed, as long as the followers need.</summary>
    public ValueTask WaitAsync(CommandBatch batch)
    {
        if (backpressure.LimitBytesPerSecond is not { } limit || WrittenBytes(batch) is not (> 0 and var bytes))
        {
            return ValueTask.CompletedTask;
        }

        var delay = pacing.Delay(bytes, limit, configuration.ReplBackpressureMaxDelay, Now);
        return delay < ShortestWait ? ValueTask.CompletedTask : new ValueTask(DelayAsync(delay));
    }

    // What the commands that can write bring along: about what the log grows by.
    private static long WrittenBytes(CommandBatch batch)
    {
        var bytes = 0L;
        foreach (var command in batch.Commands)
        {
            if (ShardCommandTable.Find(command[0]) is { Writes: true })
            {
                foreach (var argument in command)
                {
                    bytes += argument.Length;
                }
            }
        }

        return bytes;
    }

    private async Task DelayAsync(TimeSpan delay)
    {
        Delayed += delay;
        SluiceTelemetry.WriteDelay.Record(delay.TotalSeconds);
        await Task.Delay(delay, time);
    }

    [LoggerMessage(1021, LogLevel.Warning, "Writers of {Replica} are held to {BytesPerSecond} bytes per second, so that its followers keep up (repl-backpressure)")]
    private partial void LogHolds(ReplicaKey replica, long bytesPerSecond);

    [LoggerMessage(1022, LogLevel.Information, "Writers of {Replica} are held no more: its followers keep up; writes have waited {Delayed} in all")]
    private partial void LogReleased(ReplicaKey replica, TimeSpan delayed);
}
