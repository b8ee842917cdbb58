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

    private readonly List<ShardGroup> waiting = [];
    private readonly Stack<ShardGroup> spare = new();
    private readonly List<ShardGroup> used = [];
    private List<Segment> segments = [];
    private List<Segment> spareSegments = [];
    private ShardGroup?[] byShard = [];
    private bool hasSplits;
    private ArrayBufferWriter<byte> local = new(512);
    private RespWriter? writer;
    private int localTaken;

    /// <summary>Writes replies that the gateway gives itself; <see cref="EndLocalReply"/> takes them into the order.</summary>
    public RespWriter Writer => writer ??= new RespWriter(local, 2);

    /// <summary>Bytes of all replies; known after <see cref="ExecuteAsync"/>.</summary>
    public long ReplyBytes { get; private set; }

    /// <summary>The shards whose replies say that they wrote, and their sequences.</summary>
    public Action<int, long>? Written { get; set; }

    /// <summary>Told of failures that became error replies.</summary>
    public Action<Exception>? Failed { get; set; }

    /// <summary>Adds a command for a shard.</summary>
    public void Add(int shard, byte[][] command)
    {
        var group = GroupOf(shard);
        var index = group.Commands.Count;
        group.Commands.Add(command);
        if (segments.Count > 0 && segments[^1] is { } last && ReferenceEquals(last.Group, group) && last.Start + last.Count == index)
        {
            segments[^1] = last with { Count = last.Count + 1 };
        }
        else
        {
            segments.Add(new Segment { Group = group, Start = index, Count = 1 });
        }
    }

    /// <summary>Adds a command with parts for several shards.</summary>
    public void Add(SplitCommand split)
    {
        var places = new Place[split.Parts.Count];
        for (var i = 0; i < places.Length; i++)
        {
            var group = GroupOf(split.Parts[i].Shard);
            places[i] = new Place(group, group.Commands.Count);
            group.Commands.Add([.. split.Parts[i].Words]);
        }

        segments.Add(new Segment { Split = split, Places = places });
        hasSplits = true;
    }

    /// <summary>Takes what <see cref="Writer"/> has written as the next reply or replies.</summary>
    public void EndLocalReply()
    {
        var length = local.WrittenCount - localTaken;
        if (length == 0)
        {
            return;
        }

        segments.Add(new Segment { Start = localTaken, Count = length });
        localTaken += length;
        ReplyBytes += length;
    }

    /// <summary>Takes bytes that exist already as the next piece of a reply, without copying them.</summary>
    public void AddReply(ReadOnlyMemory<byte> bytes)
    {
        EndLocalReply();
        segments.Add(new Segment { Bytes = bytes });
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
        if (hasSplits)
        {
            MergeSplits();
        }
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

    private ShardGroup GroupOf(int shard)
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

        return group;
    }

    private void MergeSplits()
    {
        // Merging adds segments where the split command stood.
        (segments, spareSegments) = (spareSegments, segments);
        foreach (var segment in spareSegments)
        {
            if (segment.Split is not { } split)
            {
                segments.Add(segment);
                continue;
            }

            try
            {
                split.Merge(this, [.. segment.Places.Select(place => place.Group.ReplyTo(place.Index, 1))]);
            }
            catch (RespFormatException error)
            {
                Failed?.Invoke(error);
                Writer.Error($"ERR internal error: {error.Message}");
            }

            EndLocalReply();
        }

        spareSegments.Clear();
        hasSplits = false;
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

        return group.ReplyTo(segment.Start, segment.Count);
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

    private readonly record struct Place(ShardGroup Group, int Index);

    /// <summary>A piece of the replies: some commands of a group, a part of what the gateway wrote itself, bytes as they are, or a split command.</summary>
    private readonly record struct Segment
    {
        public ShardGroup? Group { get; init; }

        public ReadOnlyMemory<byte>? Bytes { get; init; }

        public SplitCommand? Split { get; init; }

        public Place[] Places { get; init; }

        public int Start { get; init; }

        public int Count { get; init; }
    }

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

        public ReadOnlyMemory<byte> ReplyTo(int first, int count)
        {
            var start = first == 0 ? 0 : Replies.Ends[first - 1];
            return Replies.Bytes.AsMemory(start, Replies.Ends[first + count - 1] - start);
        }

        public void Clear()
        {
            Commands.Clear();
            Replies = None;
        }
    }
}
