using System.Threading.Channels;

namespace Sluice.Cli.Loading;

/// <summary>
/// The commands that were sent and not answered yet, oldest first, bounded in number and in bytes: what a node must hold for one connection. One value larger
/// than the bound goes alone. One sender, one receiver.
/// </summary>
internal sealed class InFlight(int maxCommands, long maxBytes)
{
    private readonly Channel<(string Key, long Bytes)> sent = Channel.CreateUnbounded<(string, long)>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Lock gate = new();
    private int commands;
    private long bytes;
    private TaskCompletionSource? room;

    /// <summary>Waits until a command of so many bytes may be sent, and enters it.</summary>
    /// <param name="key">Its key, for messages.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="beforeWait">Called before a wait: what was written so far must be sent, or nobody would ever answer it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask EnterAsync(string key, long size, Func<ValueTask> beforeWait, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (commands == 0 || (commands < maxCommands && bytes + size <= maxBytes))
                {
                    commands++;
                    bytes += size;
                    sent.Writer.TryWrite((key, size));
                    return;
                }

                room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = room.Task;
            }

            await beforeWait().ConfigureAwait(false);
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>No more commands will be entered.</summary>
    public void Complete() => sent.Writer.TryComplete();

    /// <summary>The oldest command that has no reply; null when all have one and no more will come.</summary>
    public async ValueTask<(string Key, long Bytes)?> NextAsync(CancellationToken cancellationToken) =>
        await sent.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && sent.Reader.TryRead(out var next) ? next : null;

    /// <summary>The reply to a command has come.</summary>
    public void Leave(long size)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            commands--;
            bytes -= size;
            waiting = room;
            room = null;
        }

        waiting?.TrySetResult();
    }
}
