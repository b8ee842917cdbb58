using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Log that is applied at the replica: from the spool, then from the primary.</summary>
internal sealed class LogFollower(World world, Network network, Node node, Process process, Action<SyncOutcome> tell)
{
    private const int RecordsPerBatch = 8;
    private static readonly TimeSpan BetweenBatches = TimeSpan.FromMilliseconds(2);

    private ConnectionEnd? connection;
    private long attempts;

    public void Stop()
    {
        attempts++;
        connection?.Close("the replica follows no more");
        connection = null;
    }

    public void ApplySpool(ApplySpool apply, SpoolArea spool, long epoch)
    {
        var attempt = ++attempts;
        void Batch()
        {
            if (attempt != attempts)
            {
                return;
            }

            var shard = node.Shard;
            for (var n = 0; n < RecordsPerBatch; n++)
            {
                if (shard.Position.Sequence >= spool.Durable.Sequence)
                {
                    shard.SyncLog(() => AppliedAll(apply, attempt, spool, Batch));
                    return;
                }

                var (record, damage) = spool.Read(shard.Position.Sequence + 1);
                if (record is not { } read)
                {
                    spool.Cut(shard.Position.Sequence);
                    tell(new Failed(apply.Attempt, SyncFailure.Corrupt, damage ?? $"the spool does not have {shard.Position.Sequence + 1}"));
                    return;
                }

                if (shard.Apply(epoch, [read.Record]) is { } refused)
                {
                    tell(new Failed(apply.Attempt, SyncFailure.Refused, refused));
                    return;
                }
            }

            process.After(BetweenBatches, Batch);
        }

        Batch();
    }

    public void Follow(Follow follow, long epoch)
    {
        Stop();
        var attempt = ++attempts;
        var advanced = false;
        void End(SyncFailure failure, string why)
        {
            if (attempt == attempts)
            {
                Stop();
                tell(new FollowEnded(follow.Attempt, failure, why, advanced));
            }
        }

        network.Connect(
            process,
            follow.Source,
            (server, end) => node.Of(server).Shard.ServeLog(end, new ReplicaKey(0, node.Name), follow.After.Sequence + 1, spools: false),
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
                        case LogFrame log when node.Shard.Apply(log.Epoch, log.Records) is { } refused:
                            End(SyncFailure.Refused, refused);
                            break;
                        case LogFrame log:
                            advanced |= !log.Records.IsEmpty;
                            Applied(follow, log, end, attempt);
                            break;
                    }
                };
            },
            why => End(SyncFailure.Unreachable, why));
    }

    private void AppliedAll(ApplySpool apply, long attempt, SpoolArea spool, Action more)
    {
        if (attempt != attempts)
        {
            return;
        }

        var position = node.Shard.Position;
        if (position.Sequence < spool.Durable.Sequence)
        {
            more();
        }
        else
        {
            tell(new SpoolApplied(apply.Attempt, position));
        }
    }

    private void Applied(Follow follow, LogFrame log, ConnectionEnd end, long attempt)
    {
        var shard = node.Shard;
        var applied = shard.Position.Sequence;
        void Acknowledge()
        {
            if (end.IsOpen && attempt == attempts && shard.Database is { } open)
            {
                node.Truth.Promised(node.Name, open, applied);
                end.Send(new Acknowledgement(applied), 0);
            }
        }

        if (log.Records.IsEmpty || world.Defect == Defect.AckLogBeforeFsync)
        {
            if (world.Defect == Defect.AckLogBeforeFsync)
            {
                Acknowledge();
            }
        }
        else
        {
            shard.SyncLog(Acknowledge);
        }

        tell(new Followed(follow.Attempt, Math.Max(0, log.LatestSequence - applied)));
    }
}
