using Sluice.Resp;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>
/// MGET MSET DEL UNLINK EXISTS TOUCH with keys of several shards: one part a shard, all at once, the replies put together. Each part is atomic, the whole is not: MSET
/// may have set the keys of one shard and failed on another's, and its error says so.
/// </summary>
internal sealed class SplitHandlers(ShardCalls shards)
{
    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("mget", GetAsync),
        new("mset", async context => Merge.Ok(context, await Task.WhenAll(Send(context, Split(context))))),
        new("del", SumAsync),
        new("unlink", SumAsync),
        new("exists", SumAsync),
        new("touch", SumAsync),
    ];

    private async ValueTask SumAsync(CommandContext context) => Merge.Sum(context, await Task.WhenAll(Send(context, Split(context))));

    private async ValueTask GetAsync(CommandContext context)
    {
        var parts = Split(context);
        var replies = await Task.WhenAll(Send(context, parts));
        if (Merge.Failed(context, replies))
        {
            return;
        }

        var values = new ReadOnlyMemory<byte>[context.Arguments.Length];
        for (var i = 0; i < parts.Count; i++)
        {
            Place(replies[i], parts[i].Positions, values);
        }

        context.Reply.Array(values.Length - 1);
        foreach (var value in values.AsSpan(1))
        {
            context.Round.AddReply(value);
        }
    }

    private static void Place(ReadOnlyMemory<byte> reply, List<int> positions, ReadOnlyMemory<byte>[] values)
    {
        var reader = new RespReader(reply.Span);
        if (!reader.TryReadArrayHeader(out var count) || count != positions.Count)
        {
            throw new RespFormatException($"a shard gave {count} values for {positions.Count} keys");
        }

        foreach (var position in positions)
        {
            var start = reader.Consumed;
            if (!reader.TrySkip(out var value))
            {
                throw new RespFormatException("a shard's reply is incomplete");
            }

            values[position] = reply.Slice(start, value.Length);
        }
    }

    private List<Part> Split(CommandContext context)
    {
        var parts = new Dictionary<int, Part>();
        var step = context.Info.Step;
        for (var i = 1; i < context.Arguments.Length; i += step)
        {
            var shard = shards.ShardOf(context.Arguments[i]);
            if (!parts.TryGetValue(shard, out var part))
            {
                part = new Part(shard, [context.Arguments[0]], []);
                parts.Add(shard, part);
            }

            part.Positions.Add(i);
            part.Command.AddRange(context.Arguments.AsSpan(i, step));
        }

        return [.. parts.Values];
    }

    private IEnumerable<Task<ReadOnlyMemory<byte>>> Send(CommandContext context, List<Part> parts) =>
        parts.Select(part => shards.OneAsync(context, part.Shard, [.. part.Command]).AsTask());

    private sealed record Part(int Shard, List<byte[]> Command, List<int> Positions);
}
