using System.Globalization;
using System.Text;
using Sluice.Resp;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>
/// DBSIZE FLUSHALL FLUSHDB KEYS RANDOMKEY SCAN: about the keys of all shards. SCAN's cursor is the shards' own: a position whose upper 32 bits are a slot, so it names the shard
/// where the walk goes on, and the gateway keeps nothing between two calls.
/// </summary>
internal sealed class KeyspaceHandlers(ShardCalls shards, Random random)
{
    private const int SlotShift = 32;

    // A call of SCAN goes past so many shards without a key before it answers with an empty page.
    private const int EmptyShardsInOneScan = 64;

    private readonly Lock randomGate = new();

    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("dbsize", SizeAsync),
        new("flushall", FlushAsync),
        new("flushdb", FlushAsync),
        new("keys", KeysAsync),
        new("randomkey", RandomKeyAsync),
        new("scan", ScanAsync),
    ];

    private async ValueTask SizeAsync(CommandContext context) => Merge.Sum(context.Round, await shards.AllAsync(context, context.Arguments));

    private async ValueTask FlushAsync(CommandContext context)
    {
        if (context.Arguments.Length > 2 || (context.Arguments.Length == 2 && !context.Is(1, "ASYNC") && !context.Is(1, "SYNC")))
        {
            await context.SyntaxError();
            return;
        }

        Merge.Ok(context.Round, await shards.AllAsync(context, context.Arguments));
    }

    private async ValueTask KeysAsync(CommandContext context) => Merge.Arrays(context.Round, await shards.AllAsync(context, context.Arguments));

    private async ValueTask RandomKeyAsync(CommandContext context)
    {
        var count = shards.Count;
        var first = Next(count);
        for (var i = 0; i < count; i++)
        {
            var reply = await shards.OneAsync(context, (first + i) % count, context.Arguments);
            if (!reply.Span.SequenceEqual("$-1\r\n"u8) && !reply.Span.SequenceEqual("_\r\n"u8))
            {
                context.Round.AddReply(reply);
                return;
            }
        }

        context.Reply.Null();
    }

    private async ValueTask ScanAsync(CommandContext context)
    {
        if (!ulong.TryParse(context.Text(1), NumberStyles.None, CultureInfo.InvariantCulture, out var cursor))
        {
            await context.Error("ERR invalid cursor");
            return;
        }

        var count = shards.Count;
        for (var empty = 1; ; empty++)
        {
            var slot = cursor >> SlotShift;
            if (slot >= HashSlot.Count)
            {
                // Of no walk that began here: as Redis, the walk is over.
                WriteEmptyPage(context);
                return;
            }

            var shard = HashSlot.ToShard((int)slot, count);
            byte[][] command = [context.Arguments[0], Encoding.ASCII.GetBytes(cursor.ToString(CultureInfo.InvariantCulture)), .. context.Arguments[2..]];
            var reply = await shards.OneAsync(context, shard, command);
            if (!TryReadPage(reply.Span, out cursor, out var keysAt, out var keys))
            {
                context.Round.AddReply(reply);
                return;
            }

            if (cursor == 0 && shard + 1 < count)
            {
                cursor = (ulong)HashSlot.FirstOfShard(shard + 1, count) << SlotShift;
            }

            if (keys > 0 || cursor == 0 || empty == EmptyShardsInOneScan)
            {
                context.Reply.Array(2);
                context.Reply.BulkString(cursor.ToString(CultureInfo.InvariantCulture));
                context.Round.AddReply(reply[keysAt..]);
                return;
            }
        }
    }

    private static void WriteEmptyPage(CommandContext context)
    {
        context.Reply.Array(2);
        context.Reply.BulkString("0");
        context.Reply.Array(0);
    }

    /// <summary>False for an error.</summary>
    private static bool TryReadPage(ReadOnlySpan<byte> reply, out ulong cursor, out int keysAt, out int keys)
    {
        cursor = 0;
        keysAt = 0;
        keys = 0;
        var reader = new RespReader(reply);
        if (reader.NextType == (byte)'-' || !reader.TryReadArrayHeader(out _) || !reader.TryRead(out var text))
        {
            return false;
        }

        cursor = ulong.Parse(text.Text, CultureInfo.InvariantCulture);
        keysAt = reader.Consumed;
        return reader.TryReadArrayHeader(out keys);
    }

    private int Next(int count)
    {
        lock (randomGate)
        {
            return random.Next(count);
        }
    }
}
