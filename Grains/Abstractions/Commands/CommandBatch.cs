namespace Sluice;

/// <summary>
/// Commands of one client for one shard, in the order in which they were sent. They are executed in one turn of the shard's grain,
/// and their writes reach the log together.
/// </summary>
[GenerateSerializer, Immutable, Alias("Sluice.CommandBatch")]
public sealed record CommandBatch
{
    /// <summary>One entry a command: its name in upper case, then its arguments. Never changed after it was sent.</summary>
    [Id(0)]
    public required byte[][][] Commands { get; init; }

    /// <summary>The RESP protocol in which replies are written: 2 or 3.</summary>
    [Id(1)]
    public int Protocol { get; init; } = 2;

    /// <summary>The shard's epoch as far as the sender knows; 0: it does not say. A primary of a lower one learns that its reign is over.</summary>
    [Id(2)]
    public long Epoch { get; init; }
}

/// <summary>The replies to a <see cref="CommandBatch"/>.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.ReplyBatch")]
public sealed record ReplyBatch
{
    /// <summary>All replies, in RESP, one behind the other.</summary>
    [Id(0)]
    public required byte[] Bytes { get; init; }

    /// <summary>Where each command's reply ends in <see cref="Bytes"/>; as many entries as there were commands.</summary>
    [Id(1)]
    public required int[] Ends { get; init; }

    /// <summary>The shard's sequence after the batch: what WAIT waits for. 0 when the batch wrote nothing.</summary>
    [Id(2)]
    public long WrittenSequence { get; init; }

    /// <summary>The epoch of the replica that answered.</summary>
    [Id(3)]
    public long Epoch { get; init; }
}
