using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>A source of streams, registered as a keyed service under its name. The stand-in has none of its own.</summary>
public interface IStreamProvider
{
    /// <summary>The name it is registered under.</summary>
    string Name { get; }

    /// <summary>Whether a subscription may start at an earlier token.</summary>
    bool IsRewindable { get; }

    /// <summary>A stream of items of one type.</summary>
    IAsyncStream<T> GetStream<T>(StreamId streamId);
}

/// <summary>A stream, whatever its items.</summary>
public interface IAsyncStream
{
    /// <summary>Whether a subscription may start at an earlier token.</summary>
    bool IsRewindable { get; }

    /// <summary>The name of its provider.</summary>
    string ProviderName { get; }

    /// <summary>Its identity within the provider.</summary>
    StreamId StreamId { get; }
}

/// <summary>A stream to produce on and to subscribe to.</summary>
public interface IAsyncStream<T> : IAsyncStream, IEquatable<IAsyncStream<T>>, IComparable<IAsyncStream<T>>, IAsyncObservable<T>, IAsyncBatchObservable<T>, IAsyncBatchProducer<T>
{
    /// <summary>The subscriptions of the calling grain.</summary>
    Task<IList<StreamSubscriptionHandle<T>>> GetAllSubscriptionHandles();
}

/// <summary>What can be subscribed to item by item.</summary>
public interface IAsyncObservable<T>
{
    /// <summary>Subscribes from now on.</summary>
    Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer);

    /// <summary>Subscribes from a token on; null for from now on.</summary>
    Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token, string? filterData = null);
}

/// <summary>What can be subscribed to batch by batch.</summary>
public interface IAsyncBatchObservable<T>
{
    /// <summary>Subscribes from now on.</summary>
    Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncBatchObserver<T> observer);

    /// <summary>Subscribes from a token on; null for from now on.</summary>
    Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token);
}

/// <summary>Receives the items of a stream one by one; the next comes when the task of the last has ended.</summary>
public interface IAsyncObserver<in T>
{
    /// <summary>An item, with its place in the stream.</summary>
    Task OnNextAsync(T item, StreamSequenceToken? token = null);

    /// <summary>The stream has ended.</summary>
    Task OnCompletedAsync();

    /// <summary>The stream has failed.</summary>
    Task OnErrorAsync(Exception ex);
}

/// <summary>Receives the items of a stream in batches.</summary>
public interface IAsyncBatchObserver<T>
{
    /// <summary>Items in order, each with its place in the stream.</summary>
    Task OnNextAsync(IList<SequentialItem<T>> items);

    /// <summary>The stream has ended.</summary>
    Task OnCompletedAsync();

    /// <summary>The stream has failed.</summary>
    Task OnErrorAsync(Exception ex);
}

/// <summary>Produces items in batches.</summary>
public interface IAsyncBatchProducer<T> : IAsyncObserver<T>
{
    /// <summary>Produces several items.</summary>
    Task OnNextBatchAsync(IEnumerable<T> batch, StreamSequenceToken? token = null);
}

/// <summary>An item and its place in its stream.</summary>
[GenerateSerializer]
public class SequentialItem<T>(T item, StreamSequenceToken token)
{
    /// <summary>The item.</summary>
    [Id(0)]
    public T Item { get; } = item;

    /// <summary>Its place.</summary>
    [Id(1)]
    public StreamSequenceToken Token { get; } = token;
}

/// <summary>A place in a stream.</summary>
[GenerateSerializer]
public abstract class StreamSequenceToken : IEquatable<StreamSequenceToken>, IComparable<StreamSequenceToken>
{
    /// <summary>The number of the event batch.</summary>
    public abstract long SequenceNumber { get; protected set; }

    /// <summary>The place within the batch.</summary>
    public abstract int EventIndex { get; protected set; }

    /// <inheritdoc/>
    public abstract bool Equals(StreamSequenceToken? other);

    /// <inheritdoc/>
    public abstract int CompareTo(StreamSequenceToken? other);
}

/// <summary>A subscription: to resume it with another observer, or to end it.</summary>
[GenerateSerializer]
public abstract class StreamSubscriptionHandle<T> : IEquatable<StreamSubscriptionHandle<T>>
{
    /// <summary>The stream.</summary>
    public abstract StreamId StreamId { get; }

    /// <summary>The name of its provider.</summary>
    public abstract string ProviderName { get; }

    /// <summary>The identity of the subscription.</summary>
    public abstract Guid HandleId { get; }

    /// <summary>Ends the subscription.</summary>
    public abstract Task UnsubscribeAsync();

    /// <summary>Goes on with another observer, from a token on if one is given.</summary>
    public abstract Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token = null);

    /// <summary>Goes on with another observer, from a token on if one is given.</summary>
    public abstract Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token = null);

    /// <inheritdoc/>
    public abstract bool Equals(StreamSubscriptionHandle<T>? other);
}
