namespace Sluice.Bandwidth;

/// <summary>Names a link.</summary>
/// <param name="Node">The node.</param>
/// <param name="Interface">Its network interface.</param>
/// <param name="Direction">Which way.</param>
public readonly record struct LinkKey(string Node, string Interface, LinkDirection Direction) : IComparable<LinkKey>
{
    /// <inheritdoc/>
    public int CompareTo(LinkKey other)
    {
        var byNode = string.CompareOrdinal(Node, other.Node);
        var byInterface = byNode != 0 ? byNode : string.CompareOrdinal(Interface, other.Interface);
        return byInterface != 0 ? byInterface : Direction.CompareTo(other.Direction);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Node} {Interface} {Direction.ToString().ToLowerInvariant()}";
}
