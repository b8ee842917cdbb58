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

    /// <summary>How much of the work is done, 0 to 1: every sync counts alike, because the size of one that waits is not known yet.</summary>
    public required double Done { get; init; }

    /// <summary>
    /// The time until the last byte at the present rate of all together, a sync whose size is not known taken for an average one; null when it cannot be told.
    /// </summary>
    public required TimeSpan? Eta { get; init; }

    /// <summary><c>3 live, 12 copying, 1 pending</c>: from the last state to the first.</summary>
    public required string States { get; init; }

    public static SyncTotals Of(IReadOnlyCollection<SyncProgress> syncs)
    {
        var total = syncs.Sum(sync => sync.TotalBytes);
        var received = syncs.Sum(sync => sync.ReceivedBytes);
        var rate = syncs.Sum(sync => sync.BytesPerSecond);
        var known = syncs.Count(IsSizeKnown);
        var left = Math.Max(0, total - received) + (known == 0 ? 0 : (syncs.Count - known) * (total / known));
        return new SyncTotals
        {
            Count = syncs.Count,
            Live = syncs.Count(sync => sync.State == SyncState.Live),
            TotalBytes = total,
            ReceivedBytes = received,
            WireBytes = syncs.Sum(sync => sync.WireBytes),
            BytesPerSecond = rate,
            Done = syncs.Count == 0 ? 0 : syncs.Average(DoneOf),
            Eta = known > 0 && rate > 0 ? TimeSpan.FromSeconds((double)left / rate) : null,
            States = syncs.Count == 0
                ? "none"
                : string.Join(", ", syncs.GroupBy(sync => sync.State).OrderByDescending(group => group.Key)
                    .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {NameOf(group.Key)}"))),
        };
    }

    /// <summary>A sync's part of what all of them receive at present.</summary>
    public double ShareOf(SyncProgress sync) => BytesPerSecond == 0 ? 0 : (double)sync.BytesPerSecond / BytesPerSecond;

    private static bool IsSizeKnown(SyncProgress sync) => sync.State >= SyncState.Copying;

    private static double DoneOf(SyncProgress sync) =>
        sync.State == SyncState.Live ? 1 : !IsSizeKnown(sync) || sync.TotalBytes == 0 ? 0 : Math.Clamp((double)sync.ReceivedBytes / sync.TotalBytes, 0, 1);

    /// <summary>The state's name for a person.</summary>
    /// <summary>What a sync does at present, in a word or two.</summary>
    public static string NameOf(SyncProgress sync) => sync.IsPaused ? "paused" : NameOf(sync.State);

    public static string NameOf(SyncState state) => state == SyncState.CatchingUp ? "catching up" : state.ToString().ToLowerInvariant();
}
