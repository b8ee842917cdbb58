using System.Text;
using RocksDbSharp;
using Sluice.Resp;

namespace Sluice.Storage.Commands;

/// <summary>
/// Executes batches of commands. All writes of a batch become one record of the log, unless there are so many that a piece of them is committed early. Commands see the
/// writes of those before them, committed or not. When a commit fails, its piece is executed again without the commands that can write, which are answered with the
/// error: no client is told of a write that was not made, nor shown one. Used under the partition's gate only.
/// </summary>
internal sealed class BatchExecution
{
    /// <summary>
    /// From so many pending bytes on a piece is committed. It bounds the memory that a pipeline takes, and the size of a record of the log unless one command
    /// alone writes more.
    /// </summary>
    private const int PieceBytes = 1 << 20;

    private readonly Keyspace keyspace;
    private readonly ReplyBuffer output = new();
    private readonly RespWriter writer;

    // Of the batch that is being executed.
    private byte[][][] commands = [];
    private bool writable;
    private int pieceStart;
    private int pieceOutput;
    private Dictionary<int, string>? failures;

    public BatchExecution(Keyspace keyspace)
    {
        this.keyspace = keyspace;
        writer = new RespWriter(output, protocol: 2);
        keyspace.Reply = writer;
    }

    /// <summary>Executes a batch.</summary>
    /// <param name="batch">The commands.</param>
    /// <param name="canWrite">False on a replica: commands that write are refused.</param>
    /// <param name="now">The moment: Unix milliseconds.</param>
    /// <returns>The replies, without sequence and epoch.</returns>
    public ReplyBatch Execute(CommandBatch batch, bool canWrite, long now)
    {
        keyspace.Begin(now);
        writer.Protocol = batch.Protocol;
        commands = batch.Commands;
        writable = canWrite;
        pieceStart = 0;
        pieceOutput = 0;
        failures = null;
        var ends = new int[commands.Length];
        try
        {
            var at = 0;
            while (at < commands.Length)
            {
                if (!TryExecuteOne(at))
                {
                    at = RestartPiece();
                    continue;
                }

                ends[at++] = output.Length;
                if ((at == commands.Length || keyspace.PendingBytes >= PieceBytes) && !TryCommit(at))
                {
                    at = RestartPiece();
                }
            }

            return new ReplyBatch { Bytes = output.Take(), Ends = ends };
        }
        finally
        {
            // Both are empty unless something unforeseen was thrown.
            keyspace.Discard();
            output.CutTo(0);
            commands = [];
        }
    }

    /// <summary>Executes a command and writes its reply. False when its piece must be executed again, without it.</summary>
    private bool TryExecuteOne(int index)
    {
        var arguments = commands[index];
        var start = output.Length;
        var pending = keyspace.PendingBytes;
        var command = CommandAt(index);
        string error;
        try
        {
            if (failures is null || !failures.TryGetValue(index, out var refusal))
            {
                refusal = Refuse(command, arguments);
            }

            if (refusal is not null)
            {
                writer.Error(refusal);
                return true;
            }

            // What walks over the database must find the writes there.
            if ((command!.Flags & ShardCommandFlags.WholeShard) != 0 && !TryCommit(index))
            {
                return false;
            }

            pending = keyspace.PendingBytes;
            command.Handler(keyspace, arguments);
            return true;
        }
        catch (CommandException exception)
        {
            error = exception.Message;
        }
        catch (StorageFormatException exception)
        {
            error = RedisErrors.ReadFailed(exception.Message);
        }
        catch (RocksDbException exception)
        {
            error = command is { Writes: true } ? RedisErrors.WriteFailed(exception.Message) : RedisErrors.ReadFailed(exception.Message);
        }

        if (keyspace.PendingBytes != pending)
        {
            // It had written something before it failed: all or nothing.
            (failures ??= [])[index] = error;
            return false;
        }

        output.CutTo(start);
        writer.Error(error);
        return true;
    }

    private ShardCommand? CommandAt(int index) => commands[index] is [var name, ..] ? ShardCommandTable.Find(name) : null;

    private string? Refuse(ShardCommand? command, byte[][] arguments)
    {
        if (command is null)
        {
            return UnknownCommand(arguments);
        }

        if (!command.Accepts(arguments.Length))
        {
            return RedisErrors.WrongArguments(command.LowerName);
        }

        return command.Writes && !writable ? RedisErrors.ReadOnly : null;
    }

    /// <summary>Commits the piece that ends before <paramref name="end"/>. False when it must be executed again, without its writes.</summary>
    private bool TryCommit(int end)
    {
        try
        {
            keyspace.Commit();
        }
        catch (RocksDbException exception)
        {
            failures ??= [];
            for (var i = pieceStart; i < end; i++)
            {
                if (CommandAt(i) is { Writes: true })
                {
                    failures.TryAdd(i, RedisErrors.WriteFailed(exception.Message));
                }
            }

            return false;
        }

        pieceStart = end;
        pieceOutput = output.Length;
        return true;
    }

    private int RestartPiece()
    {
        keyspace.Discard();
        output.CutTo(pieceOutput);
        return pieceStart;
    }

    /// <summary>Redis' words for it: at most 128 characters of the name, and of the arguments.</summary>
    private static string UnknownCommand(byte[][] arguments)
    {
        var listed = new StringBuilder();
        foreach (var argument in arguments.Skip(1))
        {
            if (listed.Length >= 128)
            {
                break;
            }

            listed.Append('\'').Append(Encoding.UTF8.GetString(argument.AsSpan(0, Math.Min(argument.Length, 128 - listed.Length)))).Append("' ");
        }

        var given = arguments.FirstOrDefault() ?? [];
        var name = Encoding.UTF8.GetString(given.AsSpan(0, Math.Min(given.Length, 128)));
        return $"ERR unknown command '{name}', with args beginning with: {listed}";
    }
}
