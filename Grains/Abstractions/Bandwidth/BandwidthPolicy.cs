using System.Collections.Immutable;

namespace Sluice;

/// <summary>
/// What operators have ordered for the whole cluster: the class table, classes and limits of single syncs, pauses. It is kept by one grain, and each change raises its version; whoever
/// sees a higher version takes it over.
/// </summary>
[GenerateSerializer, Immutable, Alias("Sluice.BandwidthPolicy")]
public sealed record BandwidthPolicy
{
    /// <summary>Rises with each change; 0: the defaults, never changed.</summary>
    [Id(0)] public long Version { get; init; }

    /// <summary>The classes that differ from <see cref="QosClass.Defaults"/>.</summary>
    [Id(1)] public ImmutableArray<QosClassTerms> Classes { get; init; } = [];

    /// <summary>Syncs with orders of their own.</summary>
    [Id(2)] public ImmutableArray<SyncPolicy> Syncs { get; init; } = [];

    /// <summary>All full copies are paused.</summary>
    [Id(3)] public bool IsPaused { get; init; }

    /// <summary>When the pause of all ends by itself; null: not paused, or until they are resumed.</summary>
    [Id(4)] public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>The whole class table, the most urgent class first.</summary>
    public IEnumerable<QosClassTerms> ClassTable() => QosClass.Defaults.Select(terms => Classes.FirstOrDefault(row => row.Name == terms.Name) ?? terms);
}

/// <summary>A QoS class in mClock's terms, each for one flow of the class on every link that the flow crosses.</summary>
/// <param name="Name">The class.</param>
/// <param name="ReservationBytesPerSecond">What a flow of the class gets before anybody gets more, bytes per second; 0: nothing.</param>
/// <param name="LimitBytesPerSecond">What a flow of the class gets at the most, bytes per second; 0: no limit.</param>
/// <param name="Weight">How it shares what is left: a flow of weight 4 gets four times as much as one of weight 1. 1 to 1,000.</param>
[GenerateSerializer, Immutable, Alias("Sluice.QosClassTerms")]
public sealed record QosClassTerms(
    [property: Id(0)] string Name,
    [property: Id(1)] long ReservationBytesPerSecond,
    [property: Id(2)] long LimitBytesPerSecond,
    [property: Id(3)] int Weight);

/// <summary>Orders for one sync.</summary>
[GenerateSerializer, Immutable, Alias("Sluice.SyncPolicy")]
public sealed record SyncPolicy
{
    /// <summary>The replica that it builds.</summary>
    [Id(0)] public ReplicaKey Replica { get; init; }

    /// <summary>Its class; empty: the one that it was begun with.</summary>
    [Id(1)] public string Class { get; init; } = "";

    /// <summary>Its limit, bytes per second; 0: none of its own.</summary>
    [Id(2)] public long LimitBytesPerSecond { get; init; }

    /// <summary>It is paused.</summary>
    [Id(3)] public bool IsPaused { get; init; }

    /// <summary>When its pause ends by itself; null: not paused, or until it is resumed.</summary>
    [Id(4)] public DateTimeOffset? PausedUntil { get; init; }
}
