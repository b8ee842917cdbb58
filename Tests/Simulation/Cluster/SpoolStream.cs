using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>The log that is spooled beside a copy, at the replica.</summary>
internal sealed class SpoolStream(World world, Network network, Node node, Process process, Action<SyncOutcome> tell)
{
    private SpoolArea? area;
    private ConnectionEnd? connection;
    private long attempts;

    public SpoolArea Area => area ??= Open();

    /// <summary>Looks at the disk again, unless something is being received.</summary>
    public void Reopen() => area = connection is null ? null : area;

    public void Receive(Spool spool, long epoch)
    {
        connection?.Close("another one follows");
        connection = null;
        var mine = Area;
        if (mine.Begin(spool.After))
        {
            node.Truth.Copies.SpoolGone(node.Name);
        }

        var attempt = ++attempts;
        void End(SyncFailure failure, string why)
        {
            if (attempt == attempts)
            {
                attempts++;
                connection?.Close(why);
                connection = null;
                mine.Sync(() => tell(new SpoolEnded(spool.Attempt, failure, why, mine.Durable)));
            }
        }

        network.Connect(
            process,
            spool.Source,
            (server, end) => node.Of(server).Shard.ServeLog(end, new ReplicaKey(0, node.Name), mine.End.Sequence + 1, spools: world.Defect != Defect.SpoolCountsForWait),
            end =>
            {
                if (attempt != attempts)
                {
                    end.Close("nobody waits for it any more");
                    return;
                }

                connection = end;
                end.Closed = why => End(SyncFailure.Unreachable, why);
                end.Received = frame =>
                {
                    switch (frame)
                    {
                        case StreamError error:
                            End(error.Failure, error.Reason);
                            break;
                        case LogFrame log when log.Epoch != epoch:
                            End(SyncFailure.Refused, $"a frame is of epoch {log.Epoch}, not {epoch}");
                            break;
                        case LogFrame log:
                            Append(log, mine, end, attempt, End);
                            break;
                    }
                };
            },
            why => End(SyncFailure.Unreachable, why));
    }

    /// <summary>Ends the stream, with all that came durable.</summary>
    public void Stop(Action over)
    {
        attempts++;
        connection?.Close("the spool stops");
        connection = null;
        Area.Sync(over);
    }

    public void Discard()
    {
        attempts++;
        connection?.Close("the spool is discarded");
        connection = null;
        area = null;
        node.Truth.Copies.SpoolGone(node.Name);
        SpoolArea.Discard(node.Disk);
    }

    private SpoolArea Open()
    {
        var opened = SpoolArea.Open(world, node.Disk, process);
        node.Truth.Copies.SpoolOpened(node, opened.Durable);
        return opened;
    }

    private void Append(LogFrame log, SpoolArea mine, ConnectionEnd end, long attempt, Action<SyncFailure, string> over)
    {
        foreach (var record in log.Records)
        {
            if (mine.Append(record) is { } failure)
            {
                over(failure == DiskFullException.Text ? SyncFailure.DiskFull : SyncFailure.Corrupt, failure);
                return;
            }
        }

        void Acknowledge()
        {
            if (attempt == attempts)
            {
                node.Truth.Copies.Spooled(node.Name, mine.Durable);
                end.Send(new Acknowledgement(mine.Durable.Sequence), 0);
            }
        }

        if (world.Defect == Defect.AckSpoolBeforeFsync)
        {
            node.Truth.Copies.Spooled(node.Name, mine.End);
        }
        else if (!log.Records.IsEmpty)
        {
            mine.Sync(Acknowledge);
        }
    }
}
