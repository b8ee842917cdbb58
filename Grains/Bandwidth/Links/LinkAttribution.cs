namespace Sluice.Bandwidth;

/// <summary>What one flow says of the way that it takes.</summary>
public enum FlowVerdict
{
    /// <summary>Nothing: it had nothing to send, or is just finding its rate.</summary>
    Silent = 0,

    /// <summary>It had more to send and found no queue; an operator's limit or its floor holds it.</summary>
    Free = 1,

    /// <summary>It had more to send and found no queue; its share of a link holds it.</summary>
    HeldByShare = 2,

    /// <summary>The network holds it: more would stand in a queue, or be lost.</summary>
    Limited = 3,
}

/// <summary>A flow, the two links that it crosses, and what it says.</summary>
/// <param name="Egress">The sender's link; null: not known.</param>
/// <param name="Ingress">The receiver's link; null: not known.</param>
/// <param name="Verdict">What it says.</param>
public readonly record struct FlowOnLinks(LinkKey? Egress, LinkKey? Ingress, FlowVerdict Verdict);

/// <summary>What all flows together say of a link.</summary>
/// <param name="Evidence">What they say.</param>
/// <param name="SharedWith">When the same flows cross another link too, and it may as well be that one: that link.</param>
public readonly record struct LinkVerdict(LinkEvidence Evidence, LinkKey? SharedWith = null);

/// <summary>
/// Finds out of which links network-limited flows speak. Pure.
/// <para>
/// A flow knows that the network holds it, not where. All flows together know more. *A link that holds one flow back holds back all that cross it and have more to send*: if one of them finds no queue, the link is
/// innocent. *One cause explains many effects*: of the links that remain, the one that explains the most flows is taken, then the one that explains the most of what is left, and so on: five flows from one sender
/// to five receivers, all limited, speak of the sender's egress, and five from five senders to one receiver of its ingress. When exactly the same flows cross both (two nodes and nobody else) the two cannot be told apart:
/// both are told to carry no more, which is right for either, as nothing else crosses them; and the first flow that crosses only one of them tells.
/// *A link that carries what it is known to have explains its flows before any other does*: a gigabit receiver holds the flows of a ten-gigabit sender, and the sender is not degraded for it.
/// A flow whose links are both innocent is held somewhere between: no link of ours.
/// </para>
/// </summary>
public static class LinkAttribution
{
    /// <summary>What the flows say of each link that any of them crosses.</summary>
    /// <param name="flows">All flows.</param>
    /// <param name="isFull">Whether a link carries about what it is known to have; null: no link does.</param>
    public static IReadOnlyDictionary<LinkKey, LinkVerdict> Attribute(IReadOnlyCollection<FlowOnLinks> flows, Func<LinkKey, bool>? isFull = null)
    {
        var verdicts = new Dictionary<LinkKey, LinkVerdict>();
        foreach (var flow in flows)
        {
            var evidence = flow.Verdict switch
            {
                FlowVerdict.HeldByShare => LinkEvidence.Held,
                FlowVerdict.Free => LinkEvidence.Open,
                _ => LinkEvidence.None,
            };
            foreach (var link in LinksOf(flow))
            {
                verdicts[link] = new LinkVerdict((LinkEvidence)Math.Max((int)evidence, (int)verdicts.GetValueOrDefault(link).Evidence));
            }
        }

        Blame(flows, isFull ?? (static _ => false), verdicts);
        return verdicts;
    }

    private static void Blame(IReadOnlyCollection<FlowOnLinks> flows, Func<LinkKey, bool> isFull, Dictionary<LinkKey, LinkVerdict> verdicts)
    {
        // Which unexplained flows each suspect would explain, by their index.
        var suspects = new SortedDictionary<LinkKey, HashSet<int>>();
        foreach (var (index, flow) in flows.Index().Where(entry => entry.Item.Verdict == FlowVerdict.Limited))
        {
            foreach (var link in LinksOf(flow).Where(link => verdicts[link].Evidence == LinkEvidence.None))
            {
                if (!suspects.TryGetValue(link, out var explained))
                {
                    suspects.Add(link, explained = []);
                }

                explained.Add(index);
            }
        }

        while (suspects.Count > 0)
        {
            var (first, explained) = suspects.MaxBy(suspect => (suspect.Value.Count > 0 && isFull(suspect.Key), suspect.Value.Count));
            if (explained.Count == 0)
            {
                return;
            }

            suspects.Remove(first);
            LinkKey? twin = !isFull(first) && suspects.FirstOrDefault(suspect => suspect.Value.SetEquals(explained)) is { Value: not null } same ? same.Key : null;
            verdicts[first] = new LinkVerdict(LinkEvidence.Limited, twin);
            if (twin is { } other)
            {
                verdicts[other] = new LinkVerdict(LinkEvidence.Limited, first);
                suspects.Remove(other);
            }

            foreach (var rest in suspects.Values)
            {
                rest.ExceptWith(explained);
            }
        }
    }

    private static IEnumerable<LinkKey> LinksOf(FlowOnLinks flow)
    {
        if (flow.Egress is { } egress)
        {
            yield return egress;
        }

        if (flow.Ingress is { } ingress)
        {
            yield return ingress;
        }
    }
}
