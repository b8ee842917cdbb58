using Sluice.Resp;
using Sluice.Silo.Resp.Commands;

namespace Sluice.Silo.Resp.Routing;

/// <summary>
/// MGET MSET DEL UNLINK EXISTS TOUCH with keys of several shards: one part a shard, which goes into that shard's group like any other command, so it keeps its place in the order
/// of each key's commands; the replies are put together. Each part is atomic, the whole is not: MSET may have set the keys of one shard and failed on
/// another's, and its error says so.
/// </summary>
internal sealed class SplitCommand
{
    private readonly CommandInfo info;
    private readonly int argumentCount;

    private SplitCommand(CommandInfo info, int argumentCount, List<Part> parts)
    {
        this.info = info;
        this.argumentCount = argumentCount;
        Parts = parts;
    }

    /// <summary>One a shard, in the order of their first keys.</summary>
    public IReadOnlyList<Part> Parts { get; }

    /// <summary>Splits a command by its keys' shards.</summary>
    public static SplitCommand Of(CommandInfo info, byte[][] command, int shardCount)
    {
        var byShard = new Dictionary<int, Part>();
        var parts = new List<Part>();
        for (var i = info.FirstKey; i < command.Length; i += info.Step)
        {
            var shard = HashSlot.ToShard(HashSlot.Of(command[i]), shardCount);
            if (!byShard.TryGetValue(shard, out var part))
            {
                part = new Part(shard, [command[0]], []);
                byShard.Add(shard, part);
                parts.Add(part);
            }

            part.Positions.Add(i);
            part.Words.AddRange(command.AsSpan(i, info.Step));
        }

        return new SplitCommand(info, command.Length, parts);
    }

    /// <summary>Writes the whole command's reply.</summary>
    /// <param name="round">Where to.</param>
    /// <param name="replies">The parts' replies, in their order.</param>
    public void Merge(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        switch (info.Name)
        {
            case "mget":
                MergeValues(round, replies);
                break;
            case "mset":
                Routing.Merge.Ok(round, replies);
                break;
            default:
                Routing.Merge.Sum(round, replies);
                break;
        }
    }

    private void MergeValues(CommandRound round, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        if (Routing.Merge.Failed(round, replies))
        {
            return;
        }

        var values = new ReadOnlyMemory<byte>[argumentCount];
        for (var i = 0; i < Parts.Count; i++)
        {
            Place(replies[i], Parts[i].Positions, values);
        }

        round.Writer.Array(values.Length - 1);
        foreach (var value in values.AsSpan(1))
        {
            round.AddReply(value);
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

    /// <summary>What one shard executes.</summary>
    /// <param name="Shard">The shard.</param>
    /// <param name="Words">The command's name and this shard's keys (with their values).</param>
    /// <param name="Positions">Where the keys stood in the whole command.</param>
    internal sealed record Part(int Shard, List<byte[]> Words, List<int> Positions);
}
