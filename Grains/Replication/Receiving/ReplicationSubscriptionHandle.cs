using Orleans.Runtime;
using Orleans.Streams;

namespace Sluice.Replication;

/// <summary>A subscription to a replication stream. Valid in this process only: it stands for a connection.</summary>
/// <typeparam name="T"><see cref="SnapshotChunk"/> or <see cref="LogFrame"/>.</typeparam>
public sealed class ReplicationSubscriptionHandle<T> : StreamSubscriptionHandle<T>
{
    private readonly ReplicationSubscription<T> subscription;

    internal ReplicationSubscriptionHandle(ReplicationSubscription<T> subscription) => this.subscription = subscription;

    /// <inheritdoc/>
    public override StreamId StreamId => subscription.Stream.StreamId;

    /// <inheritdoc/>
    public override string ProviderName => subscription.Stream.ProviderName;

    /// <inheritdoc/>
    public override Guid HandleId => subscription.Id;

    /// <summary>Bytes received on this connection, frame headers and handshake included.</summary>
    public long WireBytesReceived => subscription.WireBytesReceived;

    /// <summary>Payload handed to the observer or about to be.</summary>
    public long PayloadBytesReceived => subscription.PayloadBytesReceived;

    /// <summary>When the last byte arrived.</summary>
    public DateTimeOffset? LastDataAt => subscription.LastDataAt;

    /// <summary>Of a snapshot: its payload bytes. Of a log: the source's sequence when it accepted.</summary>
    public long AcceptedTotal => subscription.Accepted.Total;

    /// <summary>The source's epoch when it accepted.</summary>
    public long SourceEpoch => subscription.Accepted.Epoch;

    /// <summary>TCP's smoothed round trip; zero when not known or no longer connected.</summary>
    public TimeSpan RoundTripTime => subscription.RoundTripTime;

    /// <summary>Tells the source that everything up to a position would survive this node's crash. Positions only grow; on a lost connection it does nothing.</summary>
    /// <param name="durablePosition">Of a snapshot: payload bytes. Of a log: the last durable sequence.</param>
    public Task AcknowledgeAsync(long durablePosition)
    {
        subscription.Acknowledge(durablePosition);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Ends the subscription: the connection is closed when this returns, and no event is begun any more; one that the observer is just handling goes on. The observer hears neither
    /// completion nor error. Does nothing when the subscription has ended already.
    /// </summary>
    public override Task UnsubscribeAsync() => subscription.DisposeAsync().AsTask();

    /// <summary>Ends this subscription and begins another one to the same stream.</summary>
    /// <param name="observer">The new observer.</param>
    /// <param name="token">Where to begin; null: after the last event that was handed over.</param>
    public override async Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token = null)
    {
        // Without ConfigureAwait(false): a grain must still be in its turn when it subscribes.
        await UnsubscribeAsync();
        return await subscription.Stream.SubscribeAsync(observer, token ?? new ReplicationToken(subscription.NextPosition), subscription.Details.ToString());
    }

    /// <inheritdoc cref="ResumeAsync(IAsyncObserver{T}, StreamSequenceToken?)"/>
    public override Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token = null) =>
        ResumeAsync(new BatchOfOne<T>(observer), token);

    /// <inheritdoc/>
    public override bool Equals(StreamSubscriptionHandle<T>? other) => other is not null && other.HandleId == HandleId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StreamSubscriptionHandle<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => HandleId.GetHashCode();
}
