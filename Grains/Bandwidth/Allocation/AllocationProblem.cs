namespace Sluice.Bandwidth;

/// <summary>What is to be divided and among whom: links (anything that several flows share, a node's limit on copies too) and the flows that cross them.</summary>
public sealed class AllocationProblem
{
    private readonly List<long> capacities = [];
    private readonly List<FlowTerms> flows = [];
    private readonly List<int> firstLink = [0];
    private readonly List<int> links = [];

    /// <summary>How many links there are.</summary>
    public int LinkCount => capacities.Count;

    /// <summary>How many flows there are.</summary>
    public int FlowCount => flows.Count;

    /// <summary>Adds a link.</summary>
    /// <param name="bytesPerSecond">What it has to give; 0 or more.</param>
    /// <returns>Its number, from 0.</returns>
    public int AddLink(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytesPerSecond, BandwidthAllocator.MaxRate);
        capacities.Add(bytesPerSecond);
        return capacities.Count - 1;
    }

    /// <summary>Adds a flow.</summary>
    /// <param name="terms">What it asks for and may have.</param>
    /// <param name="crossed">The numbers of the links that it crosses, each once.</param>
    /// <returns>Its number, from 0.</returns>
    public int AddFlow(FlowTerms terms, params ReadOnlySpan<int> crossed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(terms.Weight, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(terms.Weight, PolicyEditing.MaxWeight);
        ArgumentOutOfRangeException.ThrowIfNegative(Math.Min(terms.Floor, Math.Min(terms.Reservation, Math.Min(terms.Limit, terms.Demand))));
        foreach (var link in crossed)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)link, (uint)capacities.Count);
            links.Add(link);
        }

        flows.Add(terms);
        firstLink.Add(links.Count);
        return flows.Count - 1;
    }

    /// <summary>A link's capacity.</summary>
    public long Capacity(int link) => capacities[link];

    /// <summary>A flow's terms.</summary>
    public FlowTerms Terms(int flow) => flows[flow];

    /// <summary>How many crossings of links there are, over all flows.</summary>
    public int CrossingCount => links.Count;

    /// <summary>The number of a flow's first crossing; the others follow.</summary>
    public int FirstCrossing(int flow) => firstLink[flow];

    /// <summary>The links that a flow crosses.</summary>
    public ReadOnlySpan<int> LinksOf(int flow) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(links)[firstLink[flow]..firstLink[flow + 1]];
}

/// <summary>What a flow asks for and may have, in bytes per second: its class's terms (mClock) and its own.</summary>
/// <param name="Weight">How it shares what reservations leave; 1 to 1,000.</param>
/// <param name="Floor">What it gets before any reservation, so that it always advances.</param>
/// <param name="Reservation">What it gets before anybody gets more.</param>
/// <param name="Limit">What it may have at the most; 0: no limit.</param>
/// <param name="Demand">What it could use; 0: as much as there is.</param>
public readonly record struct FlowTerms(int Weight, long Floor = 0, long Reservation = 0, long Limit = 0, long Demand = 0)
{
    /// <summary>The smaller of limit and demand; <see cref="BandwidthAllocator.MaxRate"/> when there is neither.</summary>
    public long Cap => Math.Min(Limit == 0 ? BandwidthAllocator.MaxRate : Math.Min(Limit, BandwidthAllocator.MaxRate), Demand == 0 ? BandwidthAllocator.MaxRate : Demand);
}
