namespace Sluice;

/// <summary>How far a planned change of primary is, in Redis' words (INFO's <c>master_failover_state</c>).</summary>
[GenerateSerializer, Alias("Sluice.FailoverPhase")]
public enum FailoverPhase
{
    /// <summary>None is under way.</summary>
    NoFailover = 0,

    /// <summary>Writes wait; the target catches up.</summary>
    WaitingForSync = 1,

    /// <summary>The topology was asked for the promotion; what became of it is not known yet.</summary>
    InProgress = 2,
}

/// <summary>Orders a primary to hand its shard over.</summary>
/// <param name="Target">The node that becomes primary.</param>
/// <param name="Epoch">The reign that ends; a primary of another one refuses.</param>
/// <param name="Bound">For how long the target may take to catch up; writes wait meanwhile.</param>
/// <param name="Force">When the bound is passed, hand over all the same: what the target has not is lost.</param>
[GenerateSerializer, Immutable, Alias("Sluice.HandOverOrder")]
public sealed record HandOverOrder([property: Id(0)] string Target, [property: Id(1)] long Epoch, [property: Id(2)] TimeSpan Bound, [property: Id(3)] bool Force);

/// <summary>How a primary's hand-over stands, or how the last one ended.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.HandOverStatus")]
public sealed record HandOverStatus
{
    [Id(0)] public FailoverPhase Phase { get; init; }

    /// <summary>The last one that has ended was carried out.</summary>
    [Id(1)] public bool Succeeded { get; init; }

    /// <summary>What it waits for, or why it failed, in one sentence for a person.</summary>
    [Id(2)] public string Reason { get; init; } = "";
}

/// <summary>FAILOVER [TO host port [FORCE]] [TIMEOUT milliseconds].</summary>
/// <param name="Host">The target's address as the operator wrote it; empty: the most advanced live replica.</param>
/// <param name="Port">Its RESP port.</param>
/// <param name="Force">Hand over when the time is over, whatever the target has.</param>
/// <param name="Timeout">For how long writes may wait; null: a few seconds.</param>
[GenerateSerializer, Immutable, Alias("Sluice.FailoverOrder")]
public sealed record FailoverOrder([property: Id(0)] string Host, [property: Id(1)] int Port, [property: Id(2)] bool Force, [property: Id(3)] TimeSpan? Timeout);

/// <summary>A shard whose primary begins a new reign.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">The epoch that ends.</param>
[GenerateSerializer, Immutable, Alias("Sluice.EndedReign")]
public readonly record struct EndedReign([property: Id(0)] int Shard, [property: Id(1)] long Epoch);
