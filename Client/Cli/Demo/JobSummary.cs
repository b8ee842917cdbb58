using System.Globalization;
using Sluice.Cli.Commands;
using Sluice.Cli.Loading;
using Sluice.Cli.Rendering;
using Sluice.Client;
using Spectre.Console;

namespace Sluice.Cli.Demo;

/// <summary>What the main job came to.</summary>
internal sealed record JobSummary
{
    public required LoadResult Load { get; init; }

    /// <summary>From the order to the last shard live.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Bytes of the snapshots' files.</summary>
    public required long PayloadBytes { get; init; }

    /// <summary>What the wire carried for them.</summary>
    public required long WireBytes { get; init; }

    public required int WritesDuringCopy { get; init; }

    public required int Writes { get; init; }

    public required IReadOnlyList<NodeMemory> Memory { get; init; }

    /// <summary>The primary's and the replica's.</summary>
    public required IReadOnlyList<NodeDigest> Digests { get; init; }

    /// <summary>Both sides hold the same shards, and the same keys, values and expiries in each.</summary>
    public bool IsEqual => Digests.Select(digest => digest.Shards.Length).Distinct().Count() == 1
        && Digests.Select(digest => digest.Sha256).Distinct(StringComparer.OrdinalIgnoreCase).Count() == 1
        && DigestComparison.Of(Digests).AreEqual;

    private double WireRatio => PayloadBytes == 0 ? 0 : (double)WireBytes / PayloadBytes;

    private long BytesPerSecond => Elapsed > TimeSpan.Zero ? (long)(PayloadBytes / Elapsed.TotalSeconds) : 0;

    public void Write(CommandOutput output, bool json)
    {
        if (json)
        {
            output.Json(new
            {
                loadedFiles = Load.Files,
                loadedBytes = Load.Bytes,
                loadSeconds = Load.Elapsed.TotalSeconds,
                payloadBytes = PayloadBytes,
                wireBytes = WireBytes,
                wireRatio = WireRatio,
                seconds = Elapsed.TotalSeconds,
                bytesPerSecond = BytesPerSecond,
                writesDuringCopy = WritesDuringCopy,
                writes = Writes,
                memory = Memory,
                digests = Digests,
                equal = IsEqual,
            });
            return;
        }

        output.Line("");
        foreach (var (name, value) in Lines())
        {
            if (output.IsTerminal)
            {
                var colour = name == "result" ? IsEqual ? "bold green" : "bold red" : "default";
                output.Ansi.MarkupLine($"  [grey]{name,-14}[/] [{colour}]{Markup.Escape(value)}[/]");
            }
            else
            {
                output.Line($"  {name,-14} {value}");
            }
        }
    }

    private IEnumerable<(string Name, string Value)> Lines()
    {
        yield return ("loaded", Load.ToString());
        yield return ("second batch", $"{Quantity.Count(Writes)} writes, {Quantity.Count(WritesDuringCopy)} of them while the copy ran");
        yield return ("copied", $"{Quantity.Bytes(PayloadBytes)} in {Quantity.Seconds(Elapsed)} ({Quantity.Rate(BytesPerSecond)})");
        yield return ("wire", string.Create(CultureInfo.InvariantCulture, $"{Quantity.Bytes(WireBytes)}, {WireRatio:0.000} bytes for each byte of payload"));
        foreach (var node in Memory)
        {
            yield return ($"memory of {node.Node}",
                $"{(node.Growth >= 0 ? "+" : "")}{Quantity.Bytes(node.Growth)} during the copy; {Quantity.Bytes(node.ResidentBytes)} resident at its end, {Quantity.Bytes(node.EngineBytes)} of it RocksDB's");
        }

        foreach (var digest in Digests)
        {
            yield return ($"digest of {digest.Node}", $"{digest.Sha256} ({Quantity.Count(digest.Keys)} keys, {Quantity.Bytes(digest.Bytes)})");
        }

        yield return ("result", IsEqual ? "equal: the replica is the primary's twin" : $"NOT EQUAL. {DigestComparison.Of(Digests).Sentence}");
    }
}
