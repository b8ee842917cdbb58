namespace Sluice.Bandwidth;

/// <summary>A flow while its grant is being made. Rates in wire bytes per second.</summary>
internal sealed class PlannedFlow(FlowReport report, NodeBandwidthReport source, QosClassTerms terms, long ownLimit, int egress, int ingress)
{
    // What a probe sends above the estimate must grow a queue that is seen before it is long: a tenth of the link is a millisecond in ten.
    private const long ProbeAbove = 10;

    public FlowReport Report => report;

    public FlowId Id => report.Flow;

    /// <summary>The limits of class and sync together; 0: none.</summary>
    public long OwnLimit => ownLimit;

    /// <summary>The numbers of its links among those that are known, or -1.</summary>
    public int Egress => egress;

    /// <inheritdoc cref="Egress"/>
    public int Ingress => ingress;

    /// <summary>What the flow asks for and may have of all links.</summary>
    public FlowTerms Terms { get; } = new(
        terms.Weight, Math.Clamp(source.FloorBytesPerSecond, 1, BandwidthAllocator.MaxRate), terms.ReservationBytesPerSecond, ownLimit, FlowDemand.Of(report, source.FloorBytesPerSecond));

    /// <summary>What the division of all links gave it.</summary>
    public long Share { get; set; }

    /// <summary>It crosses a link of known capacity.</summary>
    public bool HasKnownLink { get; set; }

    /// <summary>The known link that holds it, or -1.</summary>
    public int HeldByLink { get; set; } = -1;

    /// <summary>The node's limit that holds it, in words; empty: none does.</summary>
    public string HeldByLimit { get; set; } = "";

    /// <summary>What the division of operators' limits gave it; 0: it crosses none.</summary>
    public long Limit { get; set; }

    /// <summary>The grant that follows.</summary>
    public FlowGrant ToGrant(LinkTable links)
    {
        var limit = Limit == 0 ? ownLimit : Limit;

        // A flow that uses little may use its reservation at once; the next report tells that it does. And a share of 0 would say that none is known.
        var usual = HeldByLink < 0 && HeldByLimit.Length == 0 ? Math.Max(Share, Math.Min(Terms.Reservation, Terms.Limit == 0 ? long.MaxValue : Terms.Limit)) : Share;
        var share = !HasKnownLink ? 0 : Math.Max(1, limit == 0 ? usual : Math.Min(usual, limit));
        var isEstimated = share > 0 && HeldByLink >= 0 && links.Links[HeldByLink].Report.CapacitySource == CapacitySource.Estimated;
        return new FlowGrant(report.Flow, share, Reason(links, share, limit))
        {
            LimitBytesPerSecond = limit,
            Class = terms.Name,
            IsEstimated = isEstimated,
            ProbeBytesPerSecond = isEstimated ? share + links.Links[HeldByLink].Left + links.Links[HeldByLink].Report.CapacityBytesPerSecond / ProbeAbove : 0,
        };
    }

    private string Reason(LinkTable links, long share, long limit)
    {
        if (HeldByLink >= 0 && share > 0)
        {
            var link = links.Links[HeldByLink];
            return $"{terms.Name} share (weight {terms.Weight}) of {(link.Report.Direction == LinkDirection.Egress ? "egress" : "ingress")} {link.Report.Interface} of {link.Node.Node}";
        }

        return HeldByLimit.Length > 0 && limit != ownLimit ? HeldByLimit
            : limit > 0 && limit == terms.LimitBytesPerSecond ? $"limit of class {terms.Name}"
            : limit > 0 ? HeldByLimit.Length > 0 ? HeldByLimit : "limit of this sync"
            : share > 0 ? "all that it can use"
            : "no limit is set";
    }
}
