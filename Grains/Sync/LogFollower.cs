using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>Follows a primary's log: what comes is applied at once, and acknowledged when it is durable. It runs in its grain's turns.</summary>
internal sealed class LogFollower(SyncSite site)
{
    // Frames that are applied and wait for the disk together. At most a mebibyte each.
    private const int Depth = 8;

    /// <summary>Follows the log behind a position until the stream breaks off.</summary>
    /// <param name="source">The primary.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="after">Where the replica stands.</param>
    /// <param name="lag">Told how many sequences the replica is behind, whenever something has come or become durable.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    /// <returns>What ended the stream, and whether anything became durable.</returns>
    public async Task<(Exception Error, bool Advanced)> FollowAsync(string source, long epoch, LogPosition after, Action<long> lag, CancellationToken cancellationToken)
    {
        var stream = site.Streams.GetStream<LogFrame>(ReplicationStreams.Log(site.At(source)));
        var (latest, durable) = (after.Sequence, after.Sequence);
        ReplicationSubscriptionHandle<LogFrame>? connection = null;
        var meter = new LagMeter();
        var origin = site.Time.GetTimestamp();
        void Tell()
        {
            var (sequences, bytes, time) = meter.Behind(durable, latest, site.Time.GetElapsedTime(origin));
            site.Tracker.Lag(sequences, bytes, time);
            lag(sequences);
        }

        var applier = new LogApplier(site.Shard, Depth)
        {
            DurableAdvanced = sequence =>
            {
                durable = sequence;
                _ = connection?.AcknowledgeAsync(sequence);
                Tell();
            },
        };
        try
        {
            await StreamRun<LogFrame>.RunAsync(
                stream,
                after.Sequence + 1,
                new SubscriptionDetails(site.Replica, QosClass.Log),
                async (frame, handle) =>
                {
                    LogApplier.CheckEpoch(source, frame, epoch);
                    latest = Math.Max(latest, frame.LatestSequence);
                    if (frame.Progress is { } progress)
                    {
                        meter.Told(progress, site.Time.GetElapsedTime(origin));
                    }

                    if (frame.Records.IsEmpty)
                    {
                        applier.ThrowIfFailed();
                        await handle.AcknowledgeAsync(durable);
                        Tell();
                    }
                    else
                    {
                        await applier.ApplyAsync(new LogBatch { Epoch = epoch, Records = frame.Records }, cancellationToken);
                    }
                },
                cancellationToken,
                handle =>
                {
                    connection = handle;
                    latest = Math.Max(latest, handle.AcceptedTotal);
                    Tell();
                });
            return (new ShardUnavailableException($"{source} offers the log of shard {site.Replica.Shard} no more."), durable > after.Sequence);
        }
        catch (Exception error)
        {
            return (error, durable > after.Sequence);
        }
        finally
        {
            await applier.EndAsync();
        }
    }
}
