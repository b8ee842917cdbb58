namespace Sluice.Replication;

/// <summary>What a subscription tells besides its stream and position; travels as the <c>filterData</c> of SubscribeAsync, as <c>shard@node class</c>.</summary>
/// <param name="Replica">The replica that will hold the data.</param>
/// <param name="Class">The flow's QoS class.</param>
public sealed record SubscriptionDetails(ReplicaKey Replica, string Class)
{
    /// <summary>Reads the text.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static SubscriptionDetails Parse(string text)
    {
        var space = text.LastIndexOf(' ');
        return space > 0 && space < text.Length - 1
            ? new SubscriptionDetails(ReplicaKey.Parse(text[..space]), text[(space + 1)..])
            : throw new FormatException($"'{text}' does not tell a subscription's replica and class: it must be 'shard@node class', for example '3@node-b normal'.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Replica} {Class}";
}
