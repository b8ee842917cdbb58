using System.Text;
using Sluice.Resp;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>
/// RENAME and RENAMENX from one shard to another: the record (value, type, expiry) is copied, and the source is deleted only if it still is what was copied. If somebody wrote
/// to the source meanwhile, the new record is copied. A failure in between leaves the value under both names, never under none, and the error says so.
/// </summary>
internal sealed class RenameHandlers(ShardCalls shards)
{
    // A key that is written so often that this many copies were overtaken can't be moved by optimism.
    private const int MaxAttempts = 16;

    private static readonly byte[] Read = Encoding.ASCII.GetBytes(InternalCommands.Read);
    private static readonly byte[] Store = Encoding.ASCII.GetBytes(InternalCommands.Store);
    private static readonly byte[] Swap = Encoding.ASCII.GetBytes(InternalCommands.Swap);

    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("rename", context => MoveAsync(context, onlyIfAbsent: false)),
        new("renamenx", context => MoveAsync(context, onlyIfAbsent: true)),
    ];

    private async ValueTask MoveAsync(CommandContext context, bool onlyIfAbsent)
    {
        var (source, target) = (context.Arguments[1], context.Arguments[2]);
        byte[] copied = [];
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var record = await AskAsync(context, source, [Read, source]);
            if (record.IsNull && attempt > 1)
            {
                // Deleted or expired by its own after it was copied: as if the rename had come first.
                Done(context, onlyIfAbsent);
                return;
            }

            if (record.IsNull || record.IsError)
            {
                await Failed(context, record.IsNull ? "ERR no such key" : record.Text, isCopied: attempt > 1);
                return;
            }

            var placed = await AskAsync(context, target, onlyIfAbsent ? [Swap, target, copied, record.Bytes.ToArray()] : [Store, target, record.Bytes.ToArray()]);
            if (placed.IsError)
            {
                await Failed(context, placed.Text, isCopied: attempt > 1);
                return;
            }

            if (onlyIfAbsent && placed.Integer == 0)
            {
                await NotPlaced(context, attempt);
                return;
            }

            copied = record.Bytes.ToArray();
            var deleted = await AskAsync(context, source, [Swap, source, copied, []]);
            if (deleted.IsError)
            {
                await Failed(context, deleted.Text, isCopied: true);
                return;
            }

            if (deleted.Integer == 1)
            {
                Done(context, onlyIfAbsent);
                return;
            }
        }

        await Failed(context, "TRYAGAIN the key was written all the time while it was renamed", isCopied: true);
    }

    private static void Done(CommandContext context, bool onlyIfAbsent)
    {
        if (onlyIfAbsent)
        {
            context.Reply.Integer(1);
        }
        else
        {
            context.Reply.Ok();
        }
    }

    private static ValueTask NotPlaced(CommandContext context, int attempt)
    {
        if (attempt > 1)
        {
            return Failed(context, "TRYAGAIN both keys were written while they were renamed", isCopied: true);
        }

        context.Reply.Integer(0);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Failed(CommandContext context, string error, bool isCopied) =>
        context.Error(isCopied ? $"{error} (nothing is lost: the old name keeps its value, and the new name may hold a copy of it)" : error);

    private async ValueTask<RespValue> AskAsync(CommandContext context, byte[] key, byte[][] command)
    {
        var reply = await shards.OneAsync(context, shards.ShardOf(key), command);
        return new RespReader(reply.Span).TryRead(out var value) ? value : throw new RespFormatException("a shard's reply is incomplete");
    }
}
