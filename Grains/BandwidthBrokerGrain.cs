using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Sluice.Bandwidth;

namespace Sluice.Grains;

/// <summary>
/// The shell around <see cref="BandwidthBroker"/>: tells it the time and keeps the policy by way of <see cref="IBandwidthPolicyGrain"/>.
/// <para>
/// It may be activated on any node, and is activated anew on another when its own dies, because it has no state of its own: reports bring nodes and flows back within an interval, flows show which
/// copies run, and the policy is on the coordinator's disk, in the memory of every node's agent and in this node's. So it waits for nobody when it is activated.
/// Reports and questions are answered within one turn, without awaiting anything, and interleave with orders, which await the coordinator's disk.
/// </para>
/// </summary>
internal sealed partial class BandwidthBrokerGrain(KnownPolicy remembered, ITopologyView topology, AlertDesk desk, TimeProvider time, ILogger<BandwidthBrokerGrain> logger) : Grain, IBandwidthBrokerGrain
{
    // Until the coordinator has told the policy, copies wait that are not under way; afterwards this finds what another broker has changed, should there have been two.
    private static readonly TimeSpan AskPolicyUntilKnown = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AskPolicy = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(500);

    private BandwidthBroker broker = null!;
    private IGrainTimer? policyTimer;
    private bool coordinatorAnswers = true;
    private bool coordinatorHasAnswered;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        broker = new BandwidthBroker(time.GetUtcNow(), [.. topology.Current.Nodes.Select(node => node.Name)]);
        if (remembered.Current is { } policy)
        {
            broker.Adopt(policy);
        }

        // Interleaving: a coordinator that is slow to answer delays no order, and nothing else.
        AskForPolicyEvery(AskPolicyUntilKnown, first: TimeSpan.Zero);
        this.RegisterGrainTimer(WatchAsync, new GrainTimerCreationOptions(WatchEvery, WatchEvery) { Interleave = true });
        LogActivated(topology.Current.Nodes.Length, broker.Policy?.Version ?? -1);
        return base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The next broker finds them itself, wherever it is.
        desk.Withdraw(broker.Alerts);
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<NodeGrants> Report(NodeBandwidthReport report) => Task.FromResult(broker.Report(report, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<SyncAdmission> Admit(SyncRequest request) => Task.FromResult(broker.Admit(request, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task Finished(ReplicaKey replica)
    {
        broker.Finished(replica);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<BandwidthStatus> GetStatus() => Task.FromResult(broker.Status(time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> GetPolicy() => broker.Policy is { } policy ? Task.FromResult(policy) : PolicyGrain().Get();

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetClass(QosClassTerms terms) => ChangeAsync(policy => policy.WithClass(terms));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetClasses(ImmutableArray<QosClassTerms> terms) => ChangeAsync(policy => terms.Aggregate(policy, PolicyEditing.WithClass));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSyncClass(ReplicaKey replica, string qosClass) => ChangeAsync(policy => policy.WithSyncClass(replica, qosClass));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSyncLimit(ReplicaKey replica, long bytesPerSecond) => ChangeAsync(policy => policy.WithSyncLimit(replica, bytesPerSecond));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> SetSync(ReplicaKey replica, string? qosClass, long? limitBytesPerSecond) => ChangeAsync(policy => policy.WithSync(replica, qosClass, limitBytesPerSecond));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> Pause(ReplicaKey replica, DateTimeOffset? until) => ChangeAsync(policy => policy.WithPause(replica, until, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> Resume(ReplicaKey replica) => ChangeAsync(policy => policy.WithResumed(replica));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> PauseAll(DateTimeOffset? until) => ChangeAsync(policy => policy.WithPauseOfAll(until, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<BandwidthPolicy> ResumeAll() => ChangeAsync(policy => policy.WithAllResumed());

    // The policy's grain compares versions: another broker's change in between is seen, and this one made on top of it.
    private async Task<BandwidthPolicy> ChangeAsync(Func<BandwidthPolicy, BandwidthPolicy> change)
    {
        while (true)
        {
            var before = await PolicyGrain().Get();
            if (await PolicyGrain().Replace(change(before.Swept(time.GetUtcNow()))) is { } next)
            {
                broker.Adopt(next);
                return next;
            }
        }
    }

    private Task WatchAsync(CancellationToken cancellationToken)
    {
        desk.Publish(broker.Watch(time.GetUtcNow()));
        return Task.CompletedTask;
    }

    private void AskForPolicyEvery(TimeSpan period, TimeSpan first)
    {
        policyTimer?.Dispose();
        policyTimer = this.RegisterGrainTimer(AskForPolicyAsync, new GrainTimerCreationOptions(first, period) { Interleave = true });
    }

    private async Task AskForPolicyAsync(CancellationToken cancellationToken)
    {
        try
        {
            broker.Adopt(await PolicyGrain().Get().WaitAsync(cancellationToken));
            coordinatorAnswers = true;
            if (!coordinatorHasAnswered)
            {
                coordinatorHasAnswered = true;
                AskForPolicyEvery(AskPolicy, first: AskPolicy);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            if (coordinatorAnswers)
            {
                coordinatorAnswers = false;
                LogNoPolicy(PeerError.Unexpected(error), broker.Policy?.Version ?? -1, error.Message);
            }
        }
    }

    private IBandwidthPolicyGrain PolicyGrain() => GrainFactory.GetGrain<IBandwidthPolicyGrain>(0);

    [LoggerMessage(4611, LogLevel.Information, "The bandwidth broker is activated here; it waits for the reports of {Nodes} nodes and begins with policy version {Version} (-1: none yet)")]
    private partial void LogActivated(int nodes, long version);

    [LoggerMessage(4612, LogLevel.Warning, "The bandwidth broker cannot ask the coordinator for the policy and goes on with version {Version} (-1: none, no copy is admitted): {Reason}")]
    private partial void LogNoPolicy(Exception? unexpected, long version, string reason);
}
