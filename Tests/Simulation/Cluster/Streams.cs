using System.Collections.Immutable;
using Sluice.Sync;
using Fed = Sluice.Storage.Log.LogFollower;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>A stream ends because its source says so.</summary>
internal sealed record StreamError(SyncFailure Failure, string Reason);

/// <summary>A stream of files is at its end.</summary>
internal sealed record StreamEnd;

/// <summary>What a stream's receiver has made durable.</summary>
internal sealed record Acknowledgement(long Position);

/// <summary>One follower's log stream at its source: LogSender and what a session does with acknowledgements.</summary>
internal sealed class LogServer
{
    private const int RecordsPerFrame = 6;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    private readonly Shard shard;
    private readonly Database database;
    private readonly ConnectionEnd end;
    private long next;

    public LogServer(Shard shard, Database database, ConnectionEnd end, Fed fed, long from)
    {
        this.shard = shard;
        this.database = database;
        this.end = end;
        (Fed, next) = (fed, from);
        end.Ready = Pump;
        end.Received = frame => shard.HasAcknowledged(this, ((Acknowledgement)frame).Position);
        end.Closed = _ => shard.Left(this);
        Beat();
    }

    /// <summary>What the primary's feed knows of the follower.</summary>
    public Fed Fed { get; }

    public long SentBytes { get; private set; }

    /// <summary>Sends what there is, as far as the window goes.</summary>
    public void Pump()
    {
        while (end.HasRoom && next <= database.LatestSequence)
        {
            if (next < database.FirstAvailable)
            {
                Stop(SyncFailure.Truncated, $"the log begins at {database.FirstAvailable}, asked for was {next}");
                return;
            }

            var index = next == 1 ? 0 : database.IndexAt(next - 1) + 1;
            if (index == 0 && next > 1)
            {
                Stop(SyncFailure.Refused, $"no record begins at {next}");
                return;
            }

            var records = database.Records.Skip(index).Take(RecordsPerFrame).ToList();
            next = records[^1].Last + 1;
            SentBytes += records.Count * Record.BatchBytes;
            Fed.Sending(next - 1, SentBytes, shard.MonotonicClock);
            Send([.. records.Select(record => new LogRecord(record.Sequence, record.Count, record.ToBatch()))]);
        }
    }

    public void Stop(SyncFailure failure, string reason)
    {
        if (end.IsOpen)
        {
            end.Send(new StreamError(failure, reason), 0);
            end.Closed = null;
        }

        shard.Left(this);
    }

    private void Send(ImmutableArray<LogRecord> records) =>
        end.Send(new LogFrame(shard.Epoch, database.LatestSequence, records), 16 + records.Length * Record.BatchBytes);

    private void Beat() => end.Owner.After(Heartbeat, () =>
    {
        if (end.IsOpen && shard.Serves(this))
        {
            if (end.HasRoom && next > database.LatestSequence)
            {
                Send([]);
            }

            Pump();
            Beat();
        }
    });
}

/// <summary>A copy's stream of files at its source: SnapshotSender.</summary>
internal sealed class FileServer
{
    private const int FrameBytes = 100;

    private readonly Shard shard;
    private readonly ConnectionEnd end;
    private readonly Guid lease;
    private long position;
    private bool isOver;

    public FileServer(Shard shard, ConnectionEnd end, Guid lease, long from)
    {
        this.shard = shard;
        this.end = end;
        this.lease = lease;
        position = from;
        end.Ready = Pump;
        end.Received = _ => shard.Snapshots?.Renew(lease);
    }

    public void Pump()
    {
        while (end.HasRoom && !isOver)
        {
            if (shard.Snapshots is not { } open)
            {
                Over(new StreamError(SyncFailure.Refused, "the source is not open"));
                return;
            }

            if (open.Stream(lease) is not var (layout, files))
            {
                Over(new StreamError(SyncFailure.LeaseGone, "the snapshot is gone"));
                return;
            }

            if (position >= layout.TotalBytes)
            {
                Over(position == layout.TotalBytes ? new StreamEnd() : new StreamError(SyncFailure.Refused, $"there is no byte {position}"));
                return;
            }

            var (index, offset) = layout.Locate(position);
            var file = layout.File(index);
            var bytes = files[file.Name].Content[(int)offset..(int)Math.Min(file.Size, offset + FrameBytes)].ToArray();
            end.Send(new SnapshotChunk(index, offset, bytes), 16 + bytes.Length);
            position += bytes.Length;
        }
    }

    private void Over(object last)
    {
        isOver = true;
        end.Send(last, 0);
    }
}
