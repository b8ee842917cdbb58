using System.Collections.Immutable;
using Sluice.Replication;
using Sluice.Storage.Log;

namespace Sluice.Sync;

/// <summary>The spool of one replica, and the stream that fills it. It belongs to its grain's turns; it is open only while a copy needs it.</summary>
internal sealed class SpoolStore(SyncSite site)
{
    private static readonly SpoolOptions Options = new();

    private LogSpool? spool;

    /// <summary>What the spool holds, durable; null: nothing.</summary>
    public async Task<SpoolFacts?> LookAsync(CancellationToken cancellationToken) =>
        System.IO.Directory.Exists(site.Directory.Spool) && (await OpenAsync(cancellationToken)).Durable is { } range ? new SpoolFacts(range.First, new LogPosition(range.Epoch, range.Last)) : null;

    /// <summary>Receives the log behind a position until the stream breaks off. All that came is durable then.</summary>
    /// <param name="source">The node that it comes from.</param>
    /// <param name="epoch">The epoch that it must be in.</param>
    /// <param name="after">Where the spool ends.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <returns>Where the spool ends, and what ended the stream.</returns>
    public async Task<(LogPosition End, Exception Error)> ReceiveAsync(string source, long epoch, LogPosition after, CancellationToken cancellationToken)
    {
        Exception ended;
        LogSpool target;
        try
        {
            target = await OpenAsync(cancellationToken);
            ended = await ReceiveAsync(target, source, epoch, after, cancellationToken);
            await target.SyncAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or SpoolSpaceException)
        {
            // What is on the disk is known again when it is opened anew.
            ended = error;
            await CloseAsync();
            target = await OpenAsync(CancellationToken.None);
        }

        return (target.Durable is { } range ? new LogPosition(range.Epoch, range.Last) : after, ended);
    }

    /// <summary>Applies what the spool holds behind a position until nothing is left, and gives back what is applied.</summary>
    public async Task ApplyAsync(LogPosition after, long epoch, CancellationToken cancellationToken)
    {
        // Large batches: each is one call and shares its fsync with the next one.
        const int batchBytes = 4 << 20;
        if (await LookAsync(cancellationToken) is null)
        {
            return;
        }

        var source = spool!;
        using var reader = source.OpenReader(after.Sequence + 1);
        var applier = new LogApplier(site.Shard, depth: 2);
        try
        {
            while (await reader.ReadAsync(batchBytes, cancellationToken) is { } batch)
            {
                await applier.ApplyAsync(new LogBatch { Epoch = epoch, Records = batch.Records }, cancellationToken);
                await source.TrimAsync(applier.Durable + 1);
                site.Tracker.Spooled(source.Bytes, Math.Max(0, source.LastAppended - applier.Durable));
            }

            await applier.FlushAsync();
        }
        catch (InvalidOperationException error)
        {
            throw new SpoolDamagedException(error.Message, error);
        }
        finally
        {
            await applier.EndAsync();
        }

        site.Tracker.Spooled(source.Bytes, 0);
    }

    /// <summary>Closes the spool and keeps it.</summary>
    public async Task CloseAsync()
    {
        if (spool is { } open)
        {
            spool = null;
            await open.DisposeAsync();
        }
    }

    /// <summary>Deletes the spool.</summary>
    public async Task DiscardAsync()
    {
        await CloseAsync();
        site.Tracker.Spooled(0, -1);
        if (System.IO.Directory.Exists(site.Directory.Spool))
        {
            await Task.Run(() => System.IO.Directory.Delete(site.Directory.Spool, recursive: true));
        }
    }

    private async Task<LogSpool> OpenAsync(CancellationToken cancellationToken) =>
        spool ??= await LogSpool.OpenAsync(site.Directory.Spool, Options, site.Time, site.Logger, cancellationToken);

    private async Task<Exception> ReceiveAsync(LogSpool target, string source, long epoch, LogPosition after, CancellationToken cancellationToken)
    {
        var stream = site.Streams.GetStream<LogFrame>(ReplicationStreams.Spool(site.At(source)));
        ReplicationSubscriptionHandle<LogFrame>? connection = null;
        void Durable(long sequence) => _ = connection?.AcknowledgeAsync(sequence);
        var writer = after.Epoch;
        target.DurableAdvanced += Durable;
        try
        {
            await StreamRun<LogFrame>.RunAsync(
                stream,
                after.Sequence + 1,
                new SubscriptionDetails(site.Replica, QosClass.Log),
                async (frame, _) =>
                {
                    LogApplier.CheckEpoch(source, frame, epoch);
                    foreach (var (records, wroteIn) in ByEpoch(frame.Records, writer))
                    {
                        await target.AppendAsync(wroteIn, records);
                        writer = wroteIn;
                    }

                    site.Tracker.Spooled(target.Bytes, Math.Max(0, frame.LatestSequence - target.LastAppended));
                },
                cancellationToken,
                handle => connection = handle);
            return new ShardUnavailableException($"{source} offers the log of shard {site.Replica.Shard} no more.");
        }
        catch (Exception error)
        {
            return error;
        }
        finally
        {
            target.DurableAdvanced -= Durable;
        }
    }

    // An epoch begins with its own record.
    private static IEnumerable<(ImmutableArray<LogRecord> Records, long Epoch)> ByEpoch(ImmutableArray<LogRecord> records, long epoch)
    {
        var begin = 0;
        for (var n = 0; n < records.Length; n++)
        {
            if (EpochBeginning.Of(records[n].Batch) is { } begun)
            {
                if (n > begin)
                {
                    yield return (records[begin..n], epoch);
                }

                (begin, epoch) = (n, begun);
            }
        }

        if (begin < records.Length)
        {
            yield return (records[begin..], epoch);
        }
    }
}
