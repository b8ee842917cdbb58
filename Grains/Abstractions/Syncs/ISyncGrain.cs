using Orleans.Concurrency;

namespace Sluice;

/// <summary>
/// Drives one replica's full copy and then its log (key <c>shard@node</c>, placed on that node), as an explicit, persisted state machine.
/// </summary>
[Alias("Sluice.ISyncGrain")]
public interface ISyncGrain : IGrainWithStringKey
{
    /// <summary>Follows a primary. Idempotent; another primary or a higher epoch ends what went before.</summary>
    [Alias("Follow")]
    Task Follow(SyncOrder order);

    /// <summary>Follows nobody any more. What is installed stays.</summary>
    [Alias("Stop")]
    Task Stop();

    /// <summary>Where the sync stands.</summary>
    [Alias("GetProgress"), AlwaysInterleave]
    Task<SyncProgress> GetProgress();
}

/// <summary>Whom to follow.</summary>
/// <param name="Source">The primary's node.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Class">The name of the QoS class of the copy.</param>
/// <param name="Force">Copy in full even if the log would do.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SyncOrder")]
public sealed record SyncOrder([property: Id(0)] string Source, [property: Id(1)] long Epoch, [property: Id(2)] string Class, [property: Id(3)] bool Force)
{
    /// <summary>The node that a full copy comes from; null: the primary. The log comes from the primary in any case, once the copy is installed.</summary>
    [Id(4)] public string? CopyFrom { get; init; }
}
