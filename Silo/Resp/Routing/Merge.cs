using Sluice.Resp;

namespace Sluice.Silo.Resp.Routing;

/// <summary>Makes one reply out of those of several shards. An error of any shard is the whole reply.</summary>
internal static class Merge
{
    /// <summary>Adds integers up.</summary>
    public static void Sum(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        if (Failed(round, replies))
        {
            return;
        }

        var sum = 0L;
        foreach (var reply in replies)
        {
            sum += new RespReader(reply.Span).TryRead(out var value) ? value.Integer : 0;
        }

        round.Writer.Integer(sum);
    }

    /// <summary><c>+OK</c> when all said so.</summary>
    public static void Ok(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        if (!Failed(round, replies))
        {
            round.Writer.Ok();
        }
    }

    /// <summary>One array of all elements, in the shards' order. The elements are not copied.</summary>
    public static void Arrays(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        if (Failed(round, replies))
        {
            return;
        }

        var total = 0;
        var starts = new int[replies.Count];
        for (var i = 0; i < replies.Count; i++)
        {
            var reader = new RespReader(replies[i].Span);
            total += reader.TryReadArrayHeader(out var count) ? count : 0;
            starts[i] = reader.Consumed;
        }

        round.Writer.Array(total);
        for (var i = 0; i < replies.Count; i++)
        {
            round.AddReply(replies[i][starts[i]..]);
        }
    }

    /// <summary>The first error, if there is one, as the whole reply.</summary>
    public static bool Failed(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        foreach (var reply in replies)
        {
            if (reply.Span is [(byte)'-' or (byte)'!', ..])
            {
                round.AddReply(reply);
                return true;
            }
        }

        return false;
    }
}
