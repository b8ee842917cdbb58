namespace Sluice.Storage.Commands;

/// <summary>What a command does and needs.</summary>
[Flags]
public enum ShardCommandFlags
{
    None = 0,

    /// <summary>Reads only: a replica answers it too.</summary>
    ReadOnly = 1,

    /// <summary>Can write: a replica refuses it.</summary>
    Write = 2,

    /// <summary>Takes constant time for each key.</summary>
    Fast = 4,

    /// <summary>Has no keys: it is about all keys of the shard. Its time grows with them (KEYS, DBSIZE, FLUSHALL) or with its COUNT (SCAN), and the shard does nothing else meanwhile.</summary>
    WholeShard = 8,

    /// <summary>For gateways only (<see cref="InternalCommands"/>): a client that sends it is told that it is unknown.</summary>
    Internal = 16,
}

/// <summary>A command that a shard executes, with what COMMAND INFO says of it.</summary>
public sealed class ShardCommand
{
    internal ShardCommand(string name, int arity, ShardCommandFlags flags, int firstKey, int lastKey, int keyStep, CommandHandler handler)
    {
        Name = name;
        LowerName = name.ToLowerInvariant();
        Arity = arity;
        Flags = flags;
        FirstKey = firstKey;
        LastKey = lastKey;
        KeyStep = keyStep;
        Handler = handler;
    }

    /// <summary>The name, in upper case.</summary>
    public string Name { get; }

    /// <summary>The name in lower case, as error replies have it.</summary>
    public string LowerName { get; }

    /// <summary>The number of arguments including the name; if negative, its absolute value is the least number.</summary>
    public int Arity { get; }

    /// <summary>What it does and needs.</summary>
    public ShardCommandFlags Flags { get; }

    /// <summary>Which argument is the first key; 0: it has none.</summary>
    public int FirstKey { get; }

    /// <summary>Which argument is the last key; negative ones count from the end.</summary>
    public int LastKey { get; }

    /// <summary>How far each key is from the next.</summary>
    public int KeyStep { get; }

    internal CommandHandler Handler { get; }

    /// <summary>Whether it can write.</summary>
    public bool Writes => (Flags & ShardCommandFlags.Write) != 0;

    /// <summary>Whether so many arguments, including the name, are right.</summary>
    public bool Accepts(int arguments) => Arity >= 0 ? arguments == Arity : arguments >= -Arity;
}

/// <summary>Executes a command; its error replies are <see cref="CommandException"/>s, thrown before anything was written.</summary>
/// <param name="keyspace">The keys.</param>
/// <param name="arguments">The command's name and its arguments, as many as its arity wants.</param>
internal delegate void CommandHandler(Keyspace keyspace, byte[][] arguments);
