using FsCheck;
using FsCheck.Fluent;
using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Allocation;

/// <summary>Generated problems of allocation, as data that can be changed, shuffled and printed.</summary>
internal sealed record Problem(long[] Capacities, ProblemFlow[] Flows)
{
    /// <summary>Small enough for the naive twin, with every kind of terms, links without room and links without flows.</summary>
    public static Arbitrary<Problem> Small { get; } = Any(maxLinks: 5, maxFlows: 7, maxCapacity: 2_000).ToArbitrary();

    /// <summary>Rates as real networks have them.</summary>
    public static Arbitrary<Problem> Large { get; } = Any(maxLinks: 12, maxFlows: 40, maxCapacity: 1_250_000_000).ToArbitrary();

    /// <summary>One link that all flows cross.</summary>
    public static Arbitrary<Problem> OneLink { get; } =
        Any(maxLinks: 1, maxFlows: 12, maxCapacity: 1_000_000).Select(problem => problem with { Flows = [.. problem.Flows.Select(flow => flow with { Links = [0] })] }).ToArbitrary();

    public AllocationProblem Build()
    {
        var problem = new AllocationProblem();
        foreach (var capacity in Capacities)
        {
            problem.AddLink(capacity);
        }

        foreach (var flow in Flows)
        {
            problem.AddFlow(flow.Terms, flow.Links);
        }

        return problem;
    }

    public override string ToString() =>
        $"links {string.Join(", ", Capacities)}; flows {string.Join("; ", Flows.Select(flow => $"{flow.Terms} over {string.Join("+", flow.Links)}"))}";

    private static Gen<Problem> Any(int maxLinks, int maxFlows, int maxCapacity) =>
        from links in Gen.Choose(1, maxLinks)
        from capacities in Gen.ArrayOf(Gen.Frequency((9, Gen.Choose(maxCapacity / 10, maxCapacity)), (1, Gen.Choose(0, 20))), links)
        from count in Gen.Choose(1, maxFlows)
        from flows in Gen.ArrayOf(Flow(links, maxCapacity), count)
        select new Problem([.. capacities.Select(capacity => (long)capacity)], flows);

    private static Gen<ProblemFlow> Flow(int links, int maxCapacity) =>
        from weight in Gen.Elements(1, 1, 2, 4, 4, 16)
        from floor in Rarely(maxCapacity / 20)
        from reservation in Rarely(maxCapacity / 3)
        from limit in Rarely(maxCapacity)
        from demand in Rarely(maxCapacity)
        from crossed in Gen.ArrayOf(Gen.Choose(0, links - 1), 3)
        select new ProblemFlow(new FlowTerms(weight, floor, reservation, limit, demand), [.. crossed.Distinct()]);

    private static Gen<int> Rarely(int most) => Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(1, most)));
}

internal sealed record ProblemFlow(FlowTerms Terms, int[] Links);
