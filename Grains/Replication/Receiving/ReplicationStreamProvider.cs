using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;

namespace Sluice.Replication;

/// <summary>
/// The stream provider <c>replication</c>: the receiving side of the data plane.
/// <para>
/// Its streams are rewindable and have no queue. Subscribing opens a connection to the replication port of the node that the stream's key names and asks for the stream from the token's position
/// on. What arrives is handed to the observer one event at a time, as a turn on the scheduler on which SubscribeAsync was called: a grain's own. A few frames are read ahead, no more; when
/// the observer is slow the sender is held back by TCP and by the window. The observer's progress goes back to the sender as acknowledgements: taken in (by itself), durable
/// (by <see cref="ReplicationSubscriptionHandle{T}.AcknowledgeAsync"/>). When the connection is lost it is closed first, then the observer hears it; whether and when to subscribe anew, from the last
/// durable position, is the observer's decision.
/// </para>
/// </summary>
public sealed class ReplicationStreamProvider : IStreamProvider, IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, object> subscriptions = new();

    // How many connections to a node stalled in a row.
    private readonly ConcurrentDictionary<string, int> stalls = new(StringComparer.Ordinal);

    /// <summary>Makes the provider of one node.</summary>
    public ReplicationStreamProvider(ReplicationOptions options, IReplicationPeers peers, FrameBufferPool pool, TimeProvider time, ILogger<ReplicationStreamProvider> logger)
    {
        Options = options;
        Peers = peers;
        Pool = pool;
        Time = time;
        Logger = logger;
    }

    /// <inheritdoc/>
    public string Name => ReplicationStreams.ProviderName;

    /// <inheritdoc/>
    public bool IsRewindable => true;

    internal ReplicationOptions Options { get; }

    internal IReplicationPeers Peers { get; }

    internal FrameBufferPool Pool { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    /// <summary>The stream of that name.</summary>
    /// <typeparam name="T"><see cref="SnapshotChunk"/> for a snapshot stream, <see cref="LogFrame"/> for a log stream.</typeparam>
    /// <exception cref="ArgumentException">The name is none of <see cref="ReplicationStreams"/>, or its events are of another type.</exception>
    public IAsyncStream<T> GetStream<T>(StreamId streamId)
    {
        var key = streamId.GetKeyAsString();
        switch (streamId.GetNamespace())
        {
            case ReplicationStreams.SnapshotNamespace or ReplicationStreams.ManifestNamespace when typeof(T) == typeof(SnapshotChunk) && key.LastIndexOf('/') is > 0 and var slash:
                return Make<T>(streamId, key[..slash], () => new SnapshotEvents());
            case ReplicationStreams.LogNamespace or ReplicationStreams.SpoolNamespace when typeof(T) == typeof(LogFrame):
                return Make<T>(streamId, key, () => new LogEvents());
            default:
                throw new ArgumentException(
                    string.Create(CultureInfo.InvariantCulture, $"'{streamId}' is no replication stream of {typeof(T).Name}: use ReplicationStreams.Snapshot or Manifest with SnapshotChunk, or Log or Spool with LogFrame."),
                    nameof(streamId));
        }
    }

    /// <summary>Ends all subscriptions without telling their observers.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var subscription in subscriptions.Values.OfType<IAsyncDisposable>())
        {
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal int StallsBefore(string node) => stalls.GetValueOrDefault(node);

    internal void Stalled(string node) => stalls.AddOrUpdate(node, 1, static (_, count) => count + 1);

    internal void BytesArrived(string node) => stalls.TryRemove(node, out _);

    internal void Enter<T>(ReplicationSubscription<T> subscription) => subscriptions[subscription.Id] = subscription;

    internal void Leave(Guid subscription) => subscriptions.TryRemove(subscription, out _);

    internal IEnumerable<ReplicationSubscription<T>> Subscriptions<T>(StreamId stream) =>
        subscriptions.Values.OfType<ReplicationSubscription<T>>().Where(subscription => subscription.Stream.StreamId == stream);

    // The cast is checked by the caller's comparison of T: the compiler cannot know that T is that type.
    private ReplicationStream<T> Make<T>(StreamId streamId, string source, Func<object> events) =>
        new(this, streamId, ReplicaKey.Parse(source), () => (IFrameEvents<T>)events());
}
