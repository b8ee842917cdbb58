using Sluice.Client;

namespace Sluice.Cli.Demo;

/// <summary>How a node's memory grew during the copy.</summary>
/// <param name="Node">The node.</param>
/// <param name="Growth">The most that its resident memory, RocksDB's apart, was above the mark; bytes.</param>
/// <param name="ResidentBytes">Resident memory at the last look, RocksDB's included.</param>
/// <param name="EngineBytes">RocksDB's part of it: caches and memtables, bounded by configuration.</param>
internal sealed record NodeMemory(string Node, long Growth, long ResidentBytes, long EngineBytes);

/// <summary>Follows the resident memory of nodes from a mark on: the peak of what is not RocksDB's.</summary>
internal sealed class MemoryGrowth(ISluiceClient client, IReadOnlyList<string> nodes)
{
    private readonly Dictionary<string, (long Mark, long Peak, NodeReport Last)> seen = new(StringComparer.Ordinal);

    public IReadOnlyList<NodeMemory> Results =>
        [.. nodes.Where(seen.ContainsKey).Select(node => new NodeMemory(node, seen[node].Peak - seen[node].Mark, seen[node].Last.ResidentBytes, seen[node].Last.EngineMemoryBytes))];

    /// <summary>Growth counts from here.</summary>
    public async Task MarkAsync(CancellationToken cancellationToken)
    {
        foreach (var report in await ReportsAsync(cancellationToken).ConfigureAwait(false))
        {
            seen[report.Address.Name] = (Own(report), Own(report), report);
        }
    }

    /// <summary>Looks at the nodes; one that does not answer at this moment is looked at the next time.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var report in await ReportsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (seen.TryGetValue(report.Address.Name, out var before))
            {
                seen[report.Address.Name] = before with { Peak = Math.Max(before.Peak, Own(report)), Last = report };
            }
        }
    }

    private static long Own(NodeReport report) => report.ResidentBytes - report.EngineMemoryBytes;

    private async Task<IEnumerable<NodeReport>> ReportsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var states = await client.Nodes.ListAsync(cancellationToken).ConfigureAwait(false);
            return states.Where(state => state.Report is not null && nodes.Contains(state.Address.Name)).Select(state => state.Report!);
        }
        catch (SluiceUnreachableException)
        {
            // The watch beside this says so already, and the next look may succeed.
            return [];
        }
    }
}
