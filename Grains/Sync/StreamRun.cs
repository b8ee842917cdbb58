using Orleans.Streams;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>One subscription, from its beginning to its end, whatever ends it. It runs in its grain's turns, and when it is over nothing of it goes on.</summary>
/// <typeparam name="T">The stream's events.</typeparam>
internal sealed class StreamRun<T> : IAsyncObserver<T>
{
    private readonly Func<T, ReplicationSubscriptionHandle<T>, Task> next;
    private readonly TaskCompletionSource<ReplicationSubscriptionHandle<T>> subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task current = Task.CompletedTask;
    private bool isOver;

    private StreamRun(Func<T, ReplicationSubscriptionHandle<T>, Task> next) => this.next = next;

    /// <summary>Subscribes, and ends when the stream is complete.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="details">Who subscribes.</param>
    /// <param name="next">Takes an event; its memory is valid until this ends.</param>
    /// <param name="cancellationToken">Ends the subscription.</param>
    /// <param name="accepted">Told once the source has accepted.</param>
    /// <exception cref="ReplicationConnectionException">The connection could not be made, or broke.</exception>
    public static async Task RunAsync(
        IAsyncStream<T> stream,
        long position,
        SubscriptionDetails details,
        Func<T, ReplicationSubscriptionHandle<T>, Task> next,
        CancellationToken cancellationToken,
        Action<ReplicationSubscriptionHandle<T>>? accepted = null)
    {
        var run = new StreamRun<T>(next);
        var handle = (ReplicationSubscriptionHandle<T>)await stream.SubscribeAsync(run, new ReplicationToken(position), details.ToString());
        accepted?.Invoke(handle);
        run.subscribed.SetResult(handle);
        try
        {
            await run.ended.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            run.isOver = true;
            await handle.UnsubscribeAsync();
            await run.current.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <inheritdoc/>
    public Task OnNextAsync(T item, StreamSequenceToken? token = null)
    {
        if (isOver)
        {
            return Task.CompletedTask;
        }

        return current = TakeAsync(item);
    }

    /// <inheritdoc/>
    public Task OnCompletedAsync()
    {
        ended.TrySetResult();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task OnErrorAsync(Exception ex)
    {
        ended.TrySetException(ex);
        return Task.CompletedTask;
    }

    private async Task TakeAsync(T item)
    {
        try
        {
            await next(item, await subscribed.Task);
        }
        catch (Exception error)
        {
            isOver = true;
            ended.TrySetException(error);
        }
    }
}
