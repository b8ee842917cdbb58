using System.Globalization;
using Sluice.Silo.Resp.Info;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>INFO ROLE TIME SHUTDOWN DEBUG WAIT: about the node as a whole.</summary>
internal sealed class ServerHandlers(INodeControl node, NodeRoleView role, InfoReport info, IShardRouter router, TimeProvider time)
{
    // A grain call may not take for ever; a client's WAIT may. So it waits in slices.
    private static readonly TimeSpan WaitSlice = TimeSpan.FromSeconds(5);

    /// <summary>By command.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("info", InfoAsync),
        new("role", RoleAsync),
        new("time", Time),
        new("shutdown", Shutdown),
        new("debug", DebugAsync),
        new("wait", WaitAsync),
    ];

    private async ValueTask InfoAsync(CommandContext context) =>
        context.Reply.VerbatimText(await info.WriteAsync([.. Enumerable.Range(1, context.Arguments.Length - 1).Select(context.Text)]));

    private ValueTask Time(CommandContext context)
    {
        var now = time.GetUtcNow() - DateTimeOffset.UnixEpoch;
        context.Reply.Array(2);
        context.Reply.BulkString(((long)now.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        context.Reply.BulkString((now.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture));
        return ValueTask.CompletedTask;
    }

    private async ValueTask RoleAsync(CommandContext context)
    {
        var replication = new ReplicationState(await node.GetReportAsync(), role, time.GetUtcNow());
        if (replication.Primary is { } primary)
        {
            context.Reply.Array(5);
            context.Reply.BulkString("slave");
            context.Reply.BulkString(primary.Host);
            context.Reply.Integer(primary.RespPort);
            context.Reply.BulkString(replication.LinkState);
            context.Reply.Integer(replication.Offset);
            return;
        }

        context.Reply.Array(3);
        context.Reply.BulkString("master");
        context.Reply.Integer(replication.Offset);
        context.Reply.Array(replication.Followers.Count);
        foreach (var follower in replication.Followers)
        {
            context.Reply.Array(3);
            context.Reply.BulkString(follower.Host);
            context.Reply.BulkString(follower.Port.ToString(CultureInfo.InvariantCulture));
            context.Reply.BulkString(follower.Offset.ToString(CultureInfo.InvariantCulture));
        }
    }

    private ValueTask Shutdown(CommandContext context)
    {
        var words = Enumerable.Range(1, context.Arguments.Length - 1).Select(i => context.Text(i).ToUpperInvariant()).ToList();
        if (words is ["ABORT"])
        {
            return context.Error("ERR No shutdown in progress.");
        }

        if (words.Exists(word => word is not ("NOSAVE" or "SAVE" or "NOW" or "FORCE")) || (words.Contains("NOSAVE") && words.Contains("SAVE")))
        {
            return context.SyntaxError();
        }

        // As Redis: no reply, the connection closes. What was acknowledged is in the write-ahead log, so SAVE and NOSAVE mean the same.
        context.Client.CloseAfterReplies = true;
        node.Shutdown();
        return ValueTask.CompletedTask;
    }

    private async ValueTask DebugAsync(CommandContext context)
    {
        if (!context.Is(1, "SLEEP") || context.Arguments.Length != 3)
        {
            await context.Error($"ERR unknown subcommand or wrong number of arguments for '{context.Text(1)}'. Try DEBUG HELP.");
            return;
        }

        if (!double.TryParse(context.Text(2), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || !(seconds >= 0) || seconds > 86_400)
        {
            await context.Error("ERR value is not a valid float, or not between 0 and 86400");
            return;
        }

        // Only this connection sleeps: the others are none of its business.
        await Task.Delay(TimeSpan.FromSeconds(seconds), time, context.Closed);
        context.Reply.Ok();
    }

    private async ValueTask WaitAsync(CommandContext context)
    {
        if (role.IsReplica)
        {
            await context.Error("ERR WAIT cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.");
            return;
        }

        if (!context.TryInteger(1, out var replicas) || !context.TryInteger(2, out var milliseconds) || replicas is < int.MinValue or > int.MaxValue)
        {
            await context.Error("ERR value is not an integer or out of range");
            return;
        }

        if (milliseconds < 0)
        {
            await context.Error("ERR timeout is negative");
            return;
        }

        var limit = milliseconds == 0 ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue));
        context.Reply.Integer(await WaitAsync(Awaited(context.Client), (int)replicas, limit, context.Closed));
    }

    /// <summary>What the client wrote; with nothing written all shards, of which every follower has "everything".</summary>
    private List<KeyValuePair<int, long>> Awaited(GatewayClient client) =>
        client.Written.IsEmpty
            ? [.. Enumerable.Range(0, router.ShardCount).Select(shard => KeyValuePair.Create(shard, 0L))]
            : [.. client.Written];

    private async Task<int> WaitAsync(List<KeyValuePair<int, long>> awaited, int replicas, TimeSpan limit, CancellationToken closed)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            closed.ThrowIfCancellationRequested();
            var left = limit - time.GetElapsedTime(began);
            var slice = left < WaitSlice ? left : WaitSlice;
            slice = slice > TimeSpan.Zero ? slice : TimeSpan.Zero;
            var counts = await Task.WhenAll(awaited.Select(pair => router.WaitForReplicasAsync(pair.Key, pair.Value, replicas, slice).AsTask()));
            var least = counts.Length == 0 ? 0 : counts.Min();
            if (least >= replicas || time.GetElapsedTime(began) >= limit)
            {
                return least;
            }

            // A primary that can't be reached answers at once: don't ask it in a tight loop.
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, closed);
        }
    }
}
