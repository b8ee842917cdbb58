namespace Sluice;

/// <summary>A sync asks to begin.</summary>
/// <param name="Replica">The replica to be built.</param>
/// <param name="Source">The node that will send.</param>
/// <param name="Class">The QoS class.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SyncRequest")]
public sealed record SyncRequest([property: Id(0)] ReplicaKey Replica, [property: Id(1)] string Source, [property: Id(2)] string Class)
{
    /// <summary>Payload that is still to be copied; -1: not known.</summary>
    [Id(3)] public long RemainingBytes { get; init; } = -1;

    /// <summary>It was admitted and goes on: a broker that was activated meanwhile and does not know of it must not let it wait.</summary>
    [Id(4)] public bool IsUnderWay { get; init; }
}

/// <summary>The broker's answer to a <see cref="SyncRequest"/>.</summary>
/// <param name="Admitted">The sync may begin.</param>
/// <param name="QueuePosition">Its place in the queue, from 1, among those that wait for one of the same links; 0 when admitted.</param>
/// <param name="Reason">Why it waits; empty when admitted.</param>
[GenerateSerializer, Immutable, Alias("Sluice.SyncAdmission")]
public sealed record SyncAdmission([property: Id(0)] bool Admitted, [property: Id(1)] int QueuePosition, [property: Id(2)] string Reason)
{
    /// <summary>When it should ask again, the later the farther it is from the head of the queue; zero when admitted.</summary>
    [Id(3)] public TimeSpan AskAfter { get; init; }
}

/// <summary>A full copy that waits.</summary>
/// <param name="Replica">The replica to be built.</param>
/// <param name="Source">The node that will send.</param>
/// <param name="Class">The QoS class that the policy gives it at present.</param>
/// <param name="Place">Its place among those that wait for one of the same links, from 1.</param>
/// <param name="Reason">Why it waits.</param>
/// <param name="Since">When it first asked.</param>
[GenerateSerializer, Immutable, Alias("Sluice.QueuedSync")]
public sealed record QueuedSync(
    [property: Id(0)] ReplicaKey Replica,
    [property: Id(1)] string Source,
    [property: Id(2)] string Class,
    [property: Id(3)] int Place,
    [property: Id(4)] string Reason,
    [property: Id(5)] DateTimeOffset Since);
