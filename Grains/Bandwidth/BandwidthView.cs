using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>What this node last told the broker and was told by it: for INFO, metrics and alerts. Safe for concurrent use.</summary>
public sealed class BandwidthView
{
    // As long as grants are valid.
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(10);

    private volatile NodeBandwidthReport? report;
    private volatile Answer? answer;
    private long unansweredUntilTicks;

    /// <summary>The newest report; null before the first.</summary>
    public NodeBandwidthReport? Report => report;

    /// <summary>The newest answer; null before the first.</summary>
    public NodeGrants? Grants => answer?.Grants;

    /// <summary>
    /// The node's links: as the broker sees them, and as the node does where the broker has said nothing of them, with the node's newest measurements.
    /// </summary>
    public ImmutableArray<LinkStatus> Links
    {
        get
        {
            var told = answer?.Grants.Links ?? [];
            return [.. (report?.Links ?? []).Select(link => Merge(told.FirstOrDefault(status => Same(status.Link, link)), link))];
        }
    }

    /// <summary>A report was made.</summary>
    public void Reported(NodeBandwidthReport newest, DateTimeOffset now)
    {
        if (report is null)
        {
            Interlocked.Exchange(ref unansweredUntilTicks, (now + FirstAnswer).UtcTicks);
        }

        report = newest;
    }

    /// <summary>The broker has answered.</summary>
    public void Answered(NodeGrants grants, DateTimeOffset now) => answer = new Answer(grants, now + grants.ValidFor);

    /// <summary>The last grants have expired: the broker has not answered for as long as they were valid, or never.</summary>
    public bool IsExpired(DateTimeOffset now) => report is not null && now.UtcTicks >= (answer?.ExpiresAt.UtcTicks ?? Interlocked.Read(ref unansweredUntilTicks));

    private static bool Same(LinkReport left, LinkReport right) => left.Direction == right.Direction && string.Equals(left.Interface, right.Interface, StringComparison.Ordinal);

    private LinkStatus Merge(LinkStatus? told, LinkReport link) => told is null
        ? new LinkStatus { Node = report?.Node ?? "", Link = link }
        : told with
        {
            Link = told.Link with
            {
                ForegroundBytesPerSecond = link.ForegroundBytesPerSecond,
                FlowBytesPerSecond = link.FlowBytesPerSecond,
                CarriedBytesPerSecond = link.CarriedBytesPerSecond,
            },
        };

    private sealed record Answer(NodeGrants Grants, DateTimeOffset ExpiresAt);
}
