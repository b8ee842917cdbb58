using Sluice.Replication;
using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>The files of a full copy at the replica: makes the staging directory ready, receives into it, checks it.</summary>
internal sealed class CopyStream(World world, Network network, Node node, Process process, Action<SyncOutcome> tell)
{
    private StagingArea? area;
    private ConnectionEnd? connection;
    private long attempts;

    public StagingPlan? Plan => area?.State.Plan;

    public static StagedFacts? FactsOf(StagedState? state) => state is null ? null : new StagedFacts(
        state.Plan.Source,
        state.Plan.Lease,
        state.Plan.Manifest.SnapshotId,
        state.Plan.Manifest.Position(),
        state.Position == state.Layout().TotalBytes);

    /// <summary>Closes the directory; what is durable in it stays.</summary>
    public void Close()
    {
        attempts++;
        connection?.Close("the copy stops");
        connection = null;
        area?.Close();
        area = null;
    }

    public void Prepare(PrepareStaging prepare, SnapshotManifest? manifest)
    {
        Close();
        var mine = new StagingArea(world, node.Disk, process);
        area = mine;
        void Full(string why) => Outcome(mine, new Failed(prepare.Attempt, SyncFailure.DiskFull, why));
        void Prepared() => Outcome(mine, new Prepared(prepare.Attempt, FactsOf(mine.State)!));
        if (StagingArea.Load(node.Disk)?.Plan.Lease == prepare.Lease)
        {
            mine.GoOn(_ => Prepared(), Full);
        }
        else if (manifest is not null)
        {
            var live = node.LiveFiles();
            var held = mine.FindHeld(manifest, node.InstalledManifest(), live);
            node.Truth.Copies.Begins(node, manifest, held, StagingArea.Load(node.Disk), mine.Files, node.InstalledManifest());
            if (world.Defect == Defect.RemoveLiveFirst)
            {
                node.Disk.Root.Remove("live");
            }

            mine.Begin(new StagingPlan(prepare.Lease, prepare.Source, manifest, HeldFiles.Rest(manifest, held)), held, live, Prepared, Full);
        }
        else
        {
            Outcome(mine, new Failed(prepare.Attempt, SyncFailure.Corrupt, "neither a journal of this lease nor its manifest is here"));
        }
    }

    public void Receive(Stage stage)
    {
        var mine = area!;
        var began = mine.Durable;
        var attempt = ++attempts;
        void End(SyncFailure failure, string why)
        {
            if (attempt == attempts)
            {
                attempts++;
                connection?.Close(why);
                connection = null;
                Outcome(mine, new StagingEnded(stage.Attempt, failure, why, mine.Durable > began));
            }
        }

        mine.Failed = why => End(SyncFailure.DiskFull, why);
        mine.Rewind(
            () =>
            {
                var from = world.Defect == Defect.ResumeAtZero ? 0 : world.Defect == Defect.ResumeAtWrongOffset && mine.Durable > 0 ? mine.Durable + 1 : mine.Durable;
                node.Truth.Copies.Begins(node, stage.Lease, from);
                network.Connect(
                    process,
                    stage.Source,
                    (server, end) => node.Of(server).Shard.ServeFiles(end, stage.Lease, from),
                    end =>
                    {
                        if (attempt == attempts)
                        {
                            Connected(stage, mine, end, End);
                        }
                        else
                        {
                            end.Close("nobody waits for it any more");
                        }
                    },
                    why => End(SyncFailure.Unreachable, why));
            },
            why => End(SyncFailure.DiskFull, why));
    }

    public void Verify(Verify verify)
    {
        var mine = area!;
        process.After(node.Disk.NextSync() * 2, () =>
        {
            if (world.Defect == Defect.InstallBeforeVerify)
            {
                Outcome(mine, new Verified(verify.Attempt));
                return;
            }

            var outcome = mine.Check() is { } damage ? new Failed(verify.Attempt, SyncFailure.Corrupt, damage)
                : node.CanOpen(mine.State.Plan.Manifest) is { } useless ? new Failed(verify.Attempt, SyncFailure.Unusable, useless)
                : (SyncOutcome)new Verified(verify.Attempt);
            Outcome(mine, outcome);
        });
    }

    private void Connected(Stage stage, StagingArea mine, ConnectionEnd end, Action<SyncFailure, string> over)
    {
        connection = end;
        var acknowledged = mine.Durable;
        mine.DurableAdvanced = () =>
        {
            if (mine.Durable > acknowledged && end.IsOpen)
            {
                acknowledged = mine.Durable;
                node.Truth.Copies.Acknowledged(stage.Lease, acknowledged);
                end.Send(new Acknowledgement(acknowledged), 0);
            }
        };
        end.Closed = why => over(SyncFailure.Unreachable, why);
        end.Received = frame =>
        {
            switch (frame)
            {
                case StreamError error:
                    over(error.Failure, error.Reason);
                    break;
                case StreamEnd:
                    mine.Complete(() => Outcome(mine, new Staged(stage.Attempt)), why => over(why == DiskFullException.Text ? SyncFailure.DiskFull : SyncFailure.Corrupt, why));
                    break;
                case SnapshotChunk chunk when mine.Write(chunk) is { } failure:
                    over(failure == DiskFullException.Text ? SyncFailure.DiskFull : SyncFailure.Corrupt, failure);
                    break;
            }
        };
    }

    // Of a directory that was closed meanwhile nobody wants to hear.
    private void Outcome(StagingArea mine, SyncOutcome outcome)
    {
        if (mine == area)
        {
            tell(outcome);
        }
    }
}
