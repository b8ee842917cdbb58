using BenchmarkDotNet.Attributes;
using Sluice.Bandwidth;
using Sluice.Tests.Bandwidth.Allocation;

namespace Sluice.Benchmarks;

/// <summary>One plan of the broker: from the reports of a whole zone to the grants of all its flows.</summary>
[MemoryDiagnoser]
public class PlanBenchmark
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly BandwidthPolicy policy = new();
    private IReadOnlyDictionary<string, NodeBandwidthReport> reports = new Dictionary<string, NodeBandwidthReport>();

    [Params(1_000, 10_000)]
    public int Flows { get; set; }

    [GlobalSetup]
    public void Build() => reports = ZoneProblem.Reports(nodes: Flows / 10, Flows, seed: 1);

    [Benchmark]
    public int Plan() => GrantPlan.Make(reports, policy, Now).Grants.Count;
}
