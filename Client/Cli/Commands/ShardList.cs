using System.Globalization;

namespace Sluice.Cli.Commands;

/// <summary>Shards as an operator writes them: <c>0,3,8-11</c>.</summary>
internal static class ShardList
{
    /// <exception cref="UsageException">The text names no shards.</exception>
    public static int[] Parse(string text)
    {
        var shards = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-', 2);
            if (!TryShard(ends[0], out var first) || !TryShard(ends[^1], out var last) || first > last)
            {
                throw new UsageException($"--shards '{text}': '{part}' is no shard. Write numbers and ranges, for example 0,3,8-11.");
            }

            shards.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return [.. shards];
    }

    private static bool TryShard(string text, out int shard) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out shard) && shard < HashSlot.Count;
}
