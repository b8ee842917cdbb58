using System.CommandLine;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class DigestCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var names = new Argument<string[]>("NODE") { Description = "The nodes; all when none is named", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("digest", "Digests all keys, values and expiries that nodes hold, in order; exit status 1 when two nodes differ in a shard that both hold. Reads all data") { names };
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
        {
            var nodes = parsed.GetValue(names) is { Length: > 0 } given
                ? given.Distinct(StringComparer.Ordinal).ToList()
                : [.. (await client.Nodes.GetTopologyAsync(cancellationToken).ConfigureAwait(false)).Nodes.Select(node => node.Name)];
            var digests = await Task.WhenAll(nodes.Select(node => client.Nodes.ComputeDigestAsync(node, cancellationToken))).ConfigureAwait(false);
            var comparison = DigestComparison.Of(digests);
            if (json)
            {
                environment.Output.Json(new { nodes = digests, equal = comparison.AreEqual, different = comparison.Different });
                return comparison.AreEqual ? 0 : SluiceCommandLine.Failed;
            }

            environment.Output.Table(
                ["Node", "Shards", "Keys", "Bytes", "SHA-256"],
                digests.Select(digest => (IReadOnlyList<string>)
                    [digest.Node, Quantity.Count(digest.Shards.Length), Quantity.Count(digest.Keys), Quantity.Bytes(digest.Bytes), digest.Sha256]));
            if (digests.Length > 1)
            {
                environment.Output.Line(comparison.Sentence);
            }

            return comparison.AreEqual ? 0 : SluiceCommandLine.Failed;
        });
    }
}

/// <summary>Whether nodes agree in the shards that they share.</summary>
/// <param name="Shared">The shards that more than one node holds.</param>
/// <param name="Different">Those of them in which nodes differ.</param>
internal sealed record DigestComparison(IReadOnlyList<int> Shared, IReadOnlyList<int> Different)
{
    public bool AreEqual => Different.Count == 0;

    public string Sentence => Shared.Count == 0 ? "No shard is held by more than one of these nodes: nothing to compare."
        : AreEqual ? $"Equal in all {Shared.Count} shards that more than one node holds."
        : $"DIFFERENT in {Different.Count} of {Shared.Count} shards: {string.Join(", ", Different)}. A replica that is not live yet, or a write in between, makes them differ.";

    public static DigestComparison Of(IReadOnlyCollection<NodeDigest> digests)
    {
        var shared = digests.SelectMany(digest => digest.Shards).GroupBy(item => item.Shard).Where(group => group.Count() > 1).OrderBy(group => group.Key).ToList();
        return new DigestComparison(
            [.. shared.Select(group => group.Key)],
            [.. shared.Where(group => group.Select(item => item.Digest.Sha256).Distinct(StringComparer.OrdinalIgnoreCase).Count() > 1).Select(group => group.Key)]);
    }
}
