using Sluice.Replication;
using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// Carries out what the real <see cref="SyncMachine"/> of one replica wants, in one life of its node: SyncGrain. It differs from the real one in that a manifest comes as one answer and not as a stream, and that the
/// broker only admits or lets wait at random.
/// </summary>
internal sealed class Sync
{
    private readonly World world;
    private readonly Node node;
    private readonly Process process;
    private readonly ReplicaKey key;
    private readonly SyncMachine machine;
    private readonly Queue<(SyncInput Input, Action? Done)> inputs = new();
    private readonly CopyStream copy;
    private readonly SpoolStream spool;
    private readonly LogFollower follower;
    private SnapshotManifest? manifest;
    private Guid lease;
    private int lastOperation;
    private int lastVerdict;
    private long waits;
    private bool isStepping;
    private bool isActive;

    public Sync(World world, Network network, Node node, Process process)
    {
        this.world = world;
        this.node = node;
        this.process = process;
        Network = network;
        key = new ReplicaKey(0, node.Name);
        machine = new SyncMachine(new Random(world.NewSeed()));
        copy = new CopyStream(world, network, node, process, Tell);
        spool = new SpoolStream(world, network, node, process, Tell);
        follower = new LogFollower(world, network, node, process, Tell);
    }

    public SyncState State => machine.State;

    public SyncRecord Record => machine.Record;

    public string Detail { get; private set; } = "";

    private Network Network { get; }

    private long Epoch => machine.Record.Order?.Epoch ?? 0;

    public void Follow(SyncOrder order, Action done)
    {
        Activate();
        Step(new Ordered(order), done);
    }

    public void Stop(Action done)
    {
        Activate();
        Step(new StopOrdered(), done);
    }

    // A grain begins with the first call: whoever makes it has told the shard its role before.
    private void Activate()
    {
        if (!isActive)
        {
            isActive = true;
            Step(new Recovered(node.SyncRecord.Value));
        }
    }

    private void Tell(SyncOutcome outcome)
    {
        // Of what was given up it is not known what it was about.
        var isAwaited = outcome.Attempt == lastOperation;
        if (isAwaited && outcome is (StagingEnded { Failure: SyncFailure.LeaseGone } or Failed { Failure: SyncFailure.LeaseGone } or Chosen { IsHeld: false }))
        {
            node.Truth.Copies.Gone(node.Name, lease);
        }

        if (isAwaited && outcome is (StagingEnded { Failure: SyncFailure.Corrupt } or Failed { Failure: SyncFailure.Corrupt }))
        {
            node.Truth.Copies.Corrupt(node.Name, outcome);
        }

        // Two questions of one kind differ by their number only.
        Step(world.Defect == Defect.TakeStaleOutcome && outcome is Judged judged ? judged with { Attempt = lastVerdict } : outcome);
    }

    private void Step(SyncInput input, Action? done = null)
    {
        inputs.Enqueue((input, done));
        if (!isStepping)
        {
            isStepping = true;
            Next();
        }
    }

    private void Next()
    {
        if (!inputs.TryDequeue(out var next))
        {
            isStepping = false;
            return;
        }

        var (input, done) = next;
        if (input is not TimePassed and not Followed)
        {
            world.Say(node.Name, $"  < {input}");
        }

        CarryOut(machine.Step(input, node.MonotonicClock), 0, done);
    }

    private void CarryOut(IReadOnlyList<SyncAction> actions, int at, Action? done)
    {
        while (at < actions.Count)
        {
            var action = actions[at++];
            if (action is not Wait)
            {
                world.Say(node.Name, $"  > {action}");
            }

            var goesOn = at;
            if (!Begin(action, () => CarryOut(actions, goesOn, done)))
            {
                return;
            }
        }

        done?.Invoke();
        Next();
    }

    // False: it takes time, and calls back when it is over.
    private bool Begin(SyncAction action, Action over)
    {
        switch (action)
        {
            case Persist persist:
                node.SyncRecord.Write(process, node.Disk.NextSync(), persist.Record, over);
                return false;
            case Install install:
                node.Install(copy.Plan!.Manifest, install.KeepOld, process, position =>
                {
                    copy.Close();
                    node.Truth.Copies.Discarded(node.Name);
                    Tell(new Installed(install.Attempt, position));
                    over();
                });
                return false;
            case StopSpooling:
                spool.Stop(over);
                return false;
            case Tell tell:
                Detail = tell.Detail;
                return true;
            case Wait wait:
                WaitUntil(wait.Until);
                return true;
            case StopStaging:
                copy.Close();
                return true;
            case StopApplying or StopFollowing:
                follower.Stop();
                return true;
            case DiscardStaging:
                copy.Close();
                StagingArea.Discard(node.Disk);
                node.Truth.Copies.Discarded(node.Name);
                return true;
            case DiscardSpool:
                spool.Discard();
                return true;
            case ReleaseLease release:
                Network.Call<bool>(process, release.Source, (server, answer, _) => node.Of(server).Shard.Snapshots?.Release(release.Lease), _ => { }, _ => { });
                return true;
            case SyncOperation request:
                Begin(request);
                return true;
            default:
                return true;
        }
    }

    private void Begin(SyncOperation request)
    {
        lastOperation = request.IsOfSpool ? lastOperation : request.Attempt;
        switch (request)
        {
            case Survey:
                process.After(node.Disk.NextSync(), () => Tell(new Surveyed(request.Attempt, Facts())));
                break;
            case AskVerdict ask:
                lastVerdict = ask.Attempt;
                AskVerdict(ask);
                break;
            case AskAdmission:
                process.After(Network.Latency(), () => Tell(world.Chance(0.9) ? new Admitted(request.Attempt) : new Queued(request.Attempt, "others go first", world.Around(TimeSpan.FromSeconds(1)))));
                break;
            case OpenSnapshot open:
                OpenSnapshot(open);
                break;
            case FetchManifest fetch:
                lease = fetch.Lease;
                FetchManifest(fetch);
                break;
            case PrepareStaging prepare:
                copy.Prepare(prepare, manifest);
                break;
            case ChooseFiles choose:
                lease = choose.Lease;
                ChooseFiles(choose);
                break;
            case Stage stage:
                copy.Receive(stage);
                break;
            case Spool begin:
                spool.Receive(begin, Epoch);
                break;
            case Verify verify:
                copy.Verify(verify);
                break;
            case ApplySpool apply:
                follower.ApplySpool(apply, spool.Area, Epoch);
                break;
            case Follow follow:
                follower.Follow(follow, Epoch);
                break;
            default:
                throw new InvalidOperationException($"There is no request {request}.");
        }
    }

    private SyncFacts Facts()
    {
        spool.Reopen();
        return new SyncFacts(node.Shard.Position, node.InstalledManifest()?.SnapshotId ?? Guid.Empty, CopyStream.FactsOf(StagingArea.Load(node.Disk)), spool.Area.Facts());
    }

    private void AskVerdict(AskVerdict ask) => Network.Call<LogOffer>(
        process,
        ask.Source,
        (server, answer, refuse) => node.Of(server).Shard.OfferLog(new LogRequest(key, ask.Position, Epoch), answer, refuse),
        offer => Tell(new Judged(ask.Attempt, offer.Verdict, offer.Epoch, offer.Reason)),
        why => Tell(new Failed(ask.Attempt, SyncFailure.Unreachable, why)));

    private void OpenSnapshot(OpenSnapshot open) => Network.Call<SnapshotOffer?>(
        process,
        open.Source,
        (server, answer, refuse) => node.Of(server).Shard.OpenSnapshot(key, answer, refuse),
        offer =>
        {
            if (offer is null)
            {
                Tell(new NotYet(open.Attempt, ""));
                return;
            }

            node.Truth.Copies.Opened(node.Name);
            Tell(new Opened(open.Attempt, offer.Lease, offer.Position));
        },
        why => Tell(new Failed(open.Attempt, SyncFailure.Unreachable, why)));

    private void FetchManifest(FetchManifest fetch) => Network.Call<SnapshotManifest?>(
        process,
        fetch.Source,
        (server, answer, refuse) =>
        {
            if (node.Of(server).Shard.Snapshots is { } open)
            {
                answer(open.Manifest(fetch.Lease));
            }
            else
            {
                refuse($"{server.Node} is not open");
            }
        },
        found =>
        {
            manifest = fetch.Attempt == lastOperation ? found : manifest;
            Tell(found is null ? new Failed(fetch.Attempt, SyncFailure.LeaseGone, "the snapshot is gone") : new Listed(fetch.Attempt));
        },
        why => Tell(new Failed(fetch.Attempt, SyncFailure.Unreachable, why)));

    private void ChooseFiles(ChooseFiles choose)
    {
        var transfer = copy.Plan!.Transfer;
        Network.Call<bool>(
            process,
            choose.Source,
            (server, answer, refuse) =>
            {
                if (node.Of(server).Shard.Snapshots is { } open)
                {
                    answer(open.Choose(choose.Lease, transfer));
                }
                else
                {
                    refuse($"{server.Node} is not open");
                }
            },
            isHeld =>
            {
                if (isHeld)
                {
                    node.Truth.Copies.Chosen(node, choose.Lease, transfer);
                }

                Tell(new Chosen(choose.Attempt, isHeld));
            },
            why => Tell(new Failed(choose.Attempt, SyncFailure.Unreachable, why)));
    }

    private void WaitUntil(TimeSpan? until)
    {
        var wait = ++waits;
        if (until is { } at)
        {
            var left = at - node.MonotonicClock;
            process.After(left > TimeSpan.Zero ? left : TimeSpan.Zero, () =>
            {
                if (wait == waits)
                {
                    Step(new TimePassed());
                }
            });
        }
    }
}
