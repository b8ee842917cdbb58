using System.Buffers;
using System.IO.Pipelines;
using Sluice.Resp;

namespace Sluice.Silo.Resp.Routing;

/// <summary>
/// The commands of one client that are executed together, and their replies in order. Commands for shards are gathered, one group a shard, and sent as one grain call each, all
/// shards at once; what the gateway answers itself is kept between them. Used again and again by one connection, so that a round of pipelined commands
/// allocates little beside the commands and the replies themselves. Not safe for concurrent use.
/// </summary>
internal sealed class CommandRound(IShardRouter router)
{
    // Enough for a flush to be worth its system call; far below what makes garbage of a connection's memory.
    private const int WriteChunkBytes = 32 * 1024;
    private const int KeptLocalBytes = 256 * 1024;

    private readonly List<Segment> segments = [];
    private readonly List<ShardGroup> waiting = [];
    private readonly Stack<ShardGroup> spare = new();
    private readonly List<ShardGroup> used = [];
    private ShardGroup?[] byShard = [];
    private ArrayBufferWriter<byte> local = new(512);
    private RespWriter? writer;
    private int localTaken;

    /// <summary>Writes replies that the gateway gives itself; <see cref="EndLocalReply"/> takes them into the order.</summary>
    public RespWriter Writer => writer ??= new RespWriter(local, 2);

    /// <summary>Bytes of all replies; known after <see cref="ExecuteAsync"/>.</summary>
    public long ReplyBytes { get; private set; }

    /// <summary>True when commands wait to be executed.</summary>
    public bool HasWaiting => waiting.Count > 0;

    /// <summary>The shards whose replies say that they wrote, and their sequences.</summary>
    public Action<int, long>? Written { get; set; }

    /// <summary>Told of failures that became error replies.</summary>
    public Action<Exception>? Failed { get; set; }

    /// <summary>Adds a command for a shard.</summary>
    public void Add(int shard, byte[][] command)
    {
        if (shard >= byShard.Length)
        {
            Array.Resize(ref byShard, Math.Max(router.ShardCount, shard + 1));
        }

        var group = byShard[shard];
        if (group is null)
        {
            group = spare.TryPop(out var kept) ? kept : new ShardGroup();
            group.Shard = shard;
            byShard[shard] = group;
            waiting.Add(group);
            used.Add(group);
        }

        var index = group.Commands.Count;
        group.Commands.Add(command);
        if (segments.Count > 0 && segments[^1] is { } last && ReferenceEquals(last.Group, group) && last.Start + last.Count == index)
        {
            segments[^1] = last with { Count = last.Count + 1 };
        }
        else
        {
            segments.Add(new Segment(group, null, index, 1));
        }
    }

    /// <summary>Takes what <see cref="Writer"/> has written as the next reply or replies.</summary>
    public void EndLocalReply()
    {
        var length = local.WrittenCount - localTaken;
        if (length == 0)
        {
            return;
        }

        segments.Add(new Segment(null, null, localTaken, length));
        localTaken += length;
        ReplyBytes += length;
    }

    /// <summary>Takes bytes that exist already as the next piece of a reply, without copying them.</summary>
    public void AddReply(ReadOnlyMemory<byte> bytes)
    {
        EndLocalReply();
        segments.Add(new Segment(null, bytes, 0, bytes.Length));
        ReplyBytes += bytes.Length;
    }

    /// <summary>Executes what waits: one call a shard, all at once.</summary>
    public async ValueTask ExecuteAsync(int protocol)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        foreach (var group in waiting)
        {
            byShard[group.Shard] = null;
            group.Begin(router, protocol);
        }

        // All calls are awaited, whatever becomes of one: no answer may come into a later round.
        foreach (var group in waiting)
        {
            if (await group.FinishAsync() is { } error)
            {
                Failed?.Invoke(error);
            }

            ReplyBytes += group.Replies.Bytes.Length;
            if (group.Replies.WrittenSequence > 0)
            {
                Written?.Invoke(group.Shard, group.Replies.WrittenSequence);
            }
        }

        waiting.Clear();
    }

    /// <summary>Writes all replies in order and forgets the round. Waits while the client doesn't read.</summary>
    /// <returns>False when the connection is gone.</returns>
    public async ValueTask<bool> WriteToAsync(PipeWriter output)
    {
        EndLocalReply();
        foreach (var segment in segments)
        {
            var bytes = BytesOf(segment);
            while (bytes.Length > WriteChunkBytes)
            {
                // A large reply goes out in pieces: the pipe holds one, and waits until the client has taken it.
                if ((await output.WriteAsync(bytes[..WriteChunkBytes])).IsCompleted)
                {
                    Clear();
                    return false;
                }

                bytes = bytes[WriteChunkBytes..];
            }

            output.Write(bytes.Span);
            if (output.CanGetUnflushedBytes && output.UnflushedBytes > WriteChunkBytes && (await output.FlushAsync()).IsCompleted)
            {
                Clear();
                return false;
            }
        }

        Clear();
        return !(await output.FlushAsync()).IsCompleted;
    }

    private ReadOnlyMemory<byte> BytesOf(Segment segment)
    {
        if (segment.Bytes is { } bytes)
        {
            return bytes;
        }

        if (segment.Group is not { } group)
        {
            return local.WrittenMemory.Slice(segment.Start, segment.Count);
        }

        var start = segment.Start == 0 ? 0 : group.Replies.Ends[segment.Start - 1];
        return group.Replies.Bytes.AsMemory(start, group.Replies.Ends[segment.Start + segment.Count - 1] - start);
    }

    private void Clear()
    {
        segments.Clear();
        foreach (var group in used)
        {
            group.Clear();
            spare.Push(group);
        }

        used.Clear();
        ReplyBytes = 0;
        localTaken = 0;
        if (local.Capacity > KeptLocalBytes)
        {
            local = new ArrayBufferWriter<byte>(512);
            writer = null;
        }
        else
        {
            local.ResetWrittenCount();
        }
    }

    private readonly record struct Segment(ShardGroup? Group, ReadOnlyMemory<byte>? Bytes, int Start, int Count);

    private sealed class ShardGroup
    {
        private static readonly ReplyBatch None = new() { Bytes = [], Ends = [] };

        private Task<ReplyBatch>? call;

        public int Shard { get; set; }

        public List<byte[][]> Commands { get; } = [];

        public ReplyBatch Replies { get; private set; } = None;

        public void Begin(IShardRouter router, int protocol)
        {
            try
            {
                call = router.ExecuteAsync(Shard, new CommandBatch { Commands = [.. Commands], Protocol = protocol }).AsTask();
            }
            catch (Exception error)
            {
                call = Task.FromException<ReplyBatch>(error);
            }
        }

        /// <summary>Waits for the replies; a failure becomes the commands' replies, and is returned to be logged.</summary>
        public async ValueTask<Exception?> FinishAsync()
        {
            try
            {
                Replies = await call!;
                if (Replies.Ends.Length == Commands.Count)
                {
                    return null;
                }

                throw new InvalidOperationException($"Shard {Shard} gave {Replies.Ends.Length} replies to {Commands.Count} commands.");
            }
            catch (Exception error)
            {
                Replies = ErrorReplies.For(Commands.Count, $"ERR internal error in shard {Shard}; the node's log has it ({error.GetType().Name})");
                return error;
            }
            finally
            {
                call = null;
            }
        }

        public void Clear()
        {
            Commands.Clear();
            Replies = None;
        }
    }
}
