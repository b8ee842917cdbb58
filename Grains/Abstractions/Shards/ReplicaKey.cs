using System.Globalization;

namespace Sluice;

/// <summary>Names one replica: a shard on a node. Its text <c>shard@node</c> is the key of <see cref="IShardGrain"/> and <see cref="ISyncGrain"/>.</summary>
/// <param name="Shard">0 to shard count - 1.</param>
/// <param name="Node">The node's stable name.</param>
[GenerateSerializer, Immutable, Alias("Sluice.ReplicaKey")]
public readonly record struct ReplicaKey([property: Id(0)] int Shard, [property: Id(1)] string Node)
{
    /// <summary>Reads <c>shard@node</c>.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static ReplicaKey Parse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at > 0 && at < text.Length - 1
            && int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var shard))
        {
            return new ReplicaKey(shard, text[(at + 1)..]);
        }

        throw new FormatException($"'{text}' names no replica: it must be shard@node, for example 3@node-b.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Shard}@{Node}");
}
