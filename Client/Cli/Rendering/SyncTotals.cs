using System.Globalization;

namespace Sluice.Cli.Rendering;

/// <summary>What several syncs come to together.</summary>
internal sealed record SyncTotals
{
    public required int Count { get; init; }

    public required int Live { get; init; }

    public required long TotalBytes { get; init; }

    public required long ReceivedBytes { get; init; }

    public required long WireBytes { get; init; }

    public required long BytesPerSecond { get; init; }

    /// <summary>The time until the last byte at the present rate of all together; null when it cannot be told.</summary>
    public required TimeSpan? Eta { get; init; }

    /// <summary><c>3 live, 12 copying, 1 pending</c>: from the last state to the first.</summary>
    public required string States { get; init; }

    public static SyncTotals Of(IReadOnlyCollection<SyncProgress> syncs)
    {
        var total = syncs.Sum(sync => sync.TotalBytes);
        var received = syncs.Sum(sync => sync.ReceivedBytes);
        var rate = syncs.Sum(sync => sync.BytesPerSecond);
        var left = Math.Max(0, total - received);
        // A sync that waits has no manifest yet: nobody knows what is left then.
        var known = syncs.All(sync => sync.State >= SyncState.Copying);
        return new SyncTotals
        {
            Count = syncs.Count,
            Live = syncs.Count(sync => sync.State == SyncState.Live),
            TotalBytes = total,
            ReceivedBytes = received,
            WireBytes = syncs.Sum(sync => sync.WireBytes),
            BytesPerSecond = rate,
            Eta = known && rate > 0 ? TimeSpan.FromSeconds((double)left / rate) : null,
            States = syncs.Count == 0
                ? "none"
                : string.Join(", ", syncs.GroupBy(sync => sync.State).OrderByDescending(group => group.Key)
                    .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {NameOf(group.Key)}"))),
        };
    }

    /// <summary>A sync's part of what all of them receive at present.</summary>
    public double ShareOf(SyncProgress sync) => BytesPerSecond == 0 ? 0 : (double)sync.BytesPerSecond / BytesPerSecond;

    /// <summary>The state's name for a person.</summary>
    public static string NameOf(SyncState state) => state == SyncState.CatchingUp ? "catching up" : state.ToString().ToLowerInvariant();
}
