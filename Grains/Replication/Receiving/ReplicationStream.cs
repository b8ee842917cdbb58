using Orleans.Runtime;
using Orleans.Streams;

namespace Sluice.Replication;

/// <summary>One replication stream, seen from a subscriber. It can be subscribed to; publishing is what the source's checkpoint or log does.</summary>
/// <typeparam name="T"><see cref="SnapshotChunk"/> or <see cref="LogFrame"/>.</typeparam>
public sealed class ReplicationStream<T> : IAsyncStream<T>
{
    private readonly ReplicationStreamProvider provider;
    private readonly Func<IFrameEvents<T>> newEvents;

    internal ReplicationStream(ReplicationStreamProvider provider, StreamId streamId, ReplicaKey source, Func<IFrameEvents<T>> newEvents)
    {
        this.provider = provider;
        this.newEvents = newEvents;
        StreamId = streamId;
        Source = source;
    }

    /// <inheritdoc/>
    public bool IsRewindable => true;

    /// <inheritdoc/>
    public string ProviderName => provider.Name;

    /// <inheritdoc/>
    public StreamId StreamId { get; }

    /// <summary>The replica that is copied from.</summary>
    public ReplicaKey Source { get; }

    /// <summary>Subscribes from the beginning; only a snapshot stream has one.</summary>
    public Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer) => SubscribeAsync(observer, null, null);

    /// <summary>
    /// Subscribes from a position on. Events come as turns on the scheduler on which this is called, one at a time. An event's token is the position at which the event begins; the
    /// token of a log's heartbeat (an event without records) is the sequence that will come next.
    /// </summary>
    /// <param name="observer">Hears events until the stream is complete, the connection is lost, it throws, or the handle is unsubscribed.</param>
    /// <param name="token">Where to begin; null is the beginning of a snapshot, a log needs one.</param>
    /// <param name="filterData"><see cref="SubscriptionDetails"/> as text; null: the shard's replica on this node, class <c>normal</c> or, for a log, <c>log</c>.</param>
    /// <returns>A <see cref="ReplicationSubscriptionHandle{T}"/>, once the source has accepted.</returns>
    /// <exception cref="ReplicationConnectionException">The source cannot be reached, or refuses.</exception>
    /// <exception cref="LogTruncatedException">The log no longer reaches back so far.</exception>
    public async Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token, string? filterData = null)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (token is null && typeof(T) == typeof(LogFrame))
        {
            throw new ArgumentNullException(nameof(token), "A log stream has no beginning: give the sequence to begin at.");
        }

        // The caller's scheduler must be taken before the first await.
        var scheduler = TaskScheduler.Current;
        var details = filterData is null
            ? new SubscriptionDetails(Source with { Node = provider.Options.Node }, typeof(T) == typeof(LogFrame) ? QosClass.Log : QosClass.Normal)
            : SubscriptionDetails.Parse(filterData);
        var subscription = new ReplicationSubscription<T>(provider, this, observer, scheduler, details, newEvents());
        await subscription.OpenAsync(token?.SequenceNumber ?? 0).ConfigureAwait(false);
        return new ReplicationSubscriptionHandle<T>(subscription);
    }

    /// <summary>Subscribes from the beginning, with batches of one event.</summary>
    public Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncBatchObserver<T> observer) => SubscribeAsync(new BatchOfOne<T>(observer), null, null);

    /// <summary>Subscribes from a position on, with batches of one event.</summary>
    public Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token) =>
        SubscribeAsync(new BatchOfOne<T>(observer), token, null);

    /// <summary>The subscriptions to this stream that live on this node.</summary>
    public Task<IList<StreamSubscriptionHandle<T>>> GetAllSubscriptionHandles() =>
        Task.FromResult<IList<StreamSubscriptionHandle<T>>>(
            provider.Subscriptions<T>(StreamId).Select(StreamSubscriptionHandle<T> (subscription) => new ReplicationSubscriptionHandle<T>(subscription)).ToList());

    /// <summary>Not possible.</summary>
    public Task OnNextAsync(T item, StreamSequenceToken? token = null) => throw NotPublishable();

    /// <summary>Not possible.</summary>
    public Task OnNextBatchAsync(IEnumerable<T> batch, StreamSequenceToken? token = null) => throw NotPublishable();

    /// <summary>Not possible.</summary>
    public Task OnCompletedAsync() => throw NotPublishable();

    /// <summary>Not possible.</summary>
    public Task OnErrorAsync(Exception ex) => throw NotPublishable();

    /// <inheritdoc/>
    public bool Equals(IAsyncStream<T>? other) => other is not null && other.ProviderName == ProviderName && other.StreamId == StreamId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IAsyncStream<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => StreamId.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(IAsyncStream<T>? other) => other is null ? 1 : StreamId.CompareTo(other.StreamId);

    private static NotSupportedException NotPublishable() =>
        new("Nothing can be published to a replication stream: a snapshot stream is fed by its checkpoint, a log stream by the shard's write-ahead log.");
}

/// <summary>Lets a batch observer hear single events.</summary>
internal sealed class BatchOfOne<T>(IAsyncBatchObserver<T> observer) : IAsyncObserver<T>
{
    public Task OnNextAsync(T item, StreamSequenceToken? token = null) => observer.OnNextAsync([new SequentialItem<T>(item, token!)]);

    public Task OnCompletedAsync() => observer.OnCompletedAsync();

    public Task OnErrorAsync(Exception ex) => observer.OnErrorAsync(ex);
}
