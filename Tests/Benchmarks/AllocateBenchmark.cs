using BenchmarkDotNet.Attributes;
using Sluice.Bandwidth;
using Sluice.Tests.Bandwidth.Allocation;

namespace Sluice.Benchmarks;

/// <summary>One allocation of a whole zone: every node's two links and two limits, flows between random nodes. The bound is 10 ms at 10,000 flows over 1,000 nodes.</summary>
[MemoryDiagnoser]
public class AllocateBenchmark
{
    private AllocationProblem problem = new();

    [Params(100, 1_000, 10_000)]
    public int Flows { get; set; }

    [GlobalSetup]
    public void Build() => problem = ZoneProblem.Build(nodes: Math.Max(2, Flows / 10), Flows, seed: 1);

    [Benchmark]
    public long Allocate() => BandwidthAllocator.Allocate(problem).BytesPerSecond[0];
}
