using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Sluice.Resp;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Tests.Resp;

/// <summary>Shards that are dictionaries: enough commands to see what the gateway makes of batches and replies. Records are values, with no expiry.</summary>
internal sealed class MemoryRouter(int shardCount) : IShardRouter
{
    private readonly Dictionary<string, byte[]>[] shards = [.. Enumerable.Range(0, Math.Max(shardCount, 1)).Select(_ => new Dictionary<string, byte[]>(StringComparer.Ordinal))];
    private long sequence;

    public int ShardCount { get; set; } = shardCount;

    /// <summary>Every batch that came, with its shard.</summary>
    public ConcurrentQueue<(int Shard, CommandBatch Batch)> Batches { get; } = new();

    /// <summary>Runs before a batch is executed.</summary>
    public Func<int, CommandBatch, Task>? Before { get; set; }

    /// <summary>What WaitForReplicas answers.</summary>
    public int Replicas { get; set; }

    /// <summary>What WAIT asked for.</summary>
    public ConcurrentQueue<(int Shard, long Sequence)> Awaited { get; } = new();

    public async ValueTask<ReplyBatch> ExecuteAsync(int shard, CommandBatch batch)
    {
        Batches.Enqueue((shard, batch));
        if (Before is { } before)
        {
            await before(shard, batch);
        }

        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output, batch.Protocol);
        var ends = new List<int>();
        lock (shards[shard])
        {
            foreach (var command in batch.Commands)
            {
                Execute(shard, command, writer);
                ends.Add(output.WrittenCount);
            }
        }

        return new ReplyBatch { Bytes = output.WrittenSpan.ToArray(), Ends = [.. ends], WrittenSequence = Interlocked.Increment(ref sequence) };
    }

    public ValueTask<int> WaitForReplicasAsync(int shard, long sequence, int replicas, TimeSpan timeout)
    {
        Awaited.Enqueue((shard, sequence));
        return ValueTask.FromResult(Replicas);
    }

    private void Execute(int shard, byte[][] command, RespWriter reply)
    {
        var values = shards[shard];
        var keys = command.Skip(1).Select(Key).ToList();
        switch (Encoding.ASCII.GetString(command[0]))
        {
            case "GET":
                Value(reply, values.GetValueOrDefault(keys[0]));
                break;
            case "MGET":
                reply.Array(keys.Count);
                keys.ForEach(key => Value(reply, values.GetValueOrDefault(key)));
                break;
            case "SET" or "MSET" or InternalCommands.Store:
                for (var i = 1; i + 1 < command.Length; i += 2)
                {
                    values[Key(command[i])] = command[i + 1];
                }

                reply.Ok();
                break;
            case "DEL" or "UNLINK":
                reply.Integer(keys.Count(values.Remove));
                break;
            case "EXISTS" or "TOUCH":
                reply.Integer(keys.Count(values.ContainsKey));
                break;
            case "APPEND":
                values[keys[0]] = [.. values.GetValueOrDefault(keys[0]) ?? [], .. command[2]];
                reply.Integer(values[keys[0]].Length);
                break;
            case "DBSIZE":
                reply.Integer(values.Count);
                break;
            case "FLUSHALL" or "FLUSHDB":
                values.Clear();
                reply.Ok();
                break;
            case "KEYS":
                var matching = values.Keys.Where(key => GlobPattern.IsMatch(command[1], Encoding.Latin1.GetBytes(key))).ToList();
                reply.Array(matching.Count);
                matching.ForEach(key => reply.BulkString(Encoding.Latin1.GetBytes(key)));
                break;
            case "RANDOMKEY":
                Value(reply, values.Keys.Select(Encoding.Latin1.GetBytes).FirstOrDefault());
                break;
            case "SCAN":
                Scan(values, command, reply);
                break;
            case InternalCommands.Read:
                Value(reply, values.GetValueOrDefault(keys[0]));
                break;
            case InternalCommands.Swap:
                Swap(values, keys[0], command, reply);
                break;
            default:
                // Which command came is all that a test of the gateway asks of the others.
                reply.SimpleString($"{Encoding.ASCII.GetString(command[0])} {command.Length - 1}");
                break;
        }
    }

    private static void Swap(Dictionary<string, byte[]> values, string key, byte[][] command, RespWriter reply)
    {
        var isAsExpected = (values.GetValueOrDefault(key) ?? []).AsSpan().SequenceEqual(command[2]);
        reply.Integer(isAsExpected ? 1 : 0);
        if (isAsExpected && command[3].Length == 0)
        {
            values.Remove(key);
        }
        else if (isAsExpected)
        {
            values[key] = command[3];
        }
    }

    /// <summary>One slot a call, from the cursor's on.</summary>
    private static void Scan(Dictionary<string, byte[]> values, byte[][] command, RespWriter reply)
    {
        if (command.Length > 2 && command.Length % 2 == 1)
        {
            reply.Error("ERR syntax error");
            return;
        }

        var from = (int)(ulong.Parse(Encoding.ASCII.GetString(command[1]), CultureInfo.InvariantCulture) >> 32);
        var slots = values.Keys.GroupBy(key => HashSlot.Of(Encoding.Latin1.GetBytes(key))).Where(slot => slot.Key >= from).OrderBy(slot => slot.Key).Take(2).ToList();
        reply.Array(2);
        reply.BulkString((slots.Count > 1 ? (ulong)slots[1].Key << 32 : 0).ToString(CultureInfo.InvariantCulture));
        var page = slots.Take(1).SelectMany(slot => slot).ToList();
        reply.Array(page.Count);
        page.ForEach(key => reply.BulkString(Encoding.Latin1.GetBytes(key)));
    }

    private static string Key(byte[] key) => Encoding.Latin1.GetString(key);

    private static void Value(RespWriter reply, byte[]? value)
    {
        if (value is null)
        {
            reply.Null();
        }
        else
        {
            reply.BulkString(value);
        }
    }
}
