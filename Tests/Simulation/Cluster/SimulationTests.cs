using System.Globalization;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// Thousands of scenarios, each from its own seed. <c>./test.sh --simulate N [SEED]</c> runs as many as one likes, <c>./test.sh --simulate 1 SEED</c> replays one and shows its trace.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const string CountVariable = "SLUICE_SIMULATE";
    private const string SeedVariable = "SLUICE_SIMULATE_SEED";
    private const int UsualCount = 10_000;
    private const int ShownFailures = 5;

    [Fact]
    public void No_scenario_breaks_an_invariant_or_comes_to_no_rest()
    {
        var count = Variable(CountVariable) ?? UsualCount;
        var first = Variable(SeedVariable) ?? 0;
        output.WriteLine($"{count} scenarios from seed {first} on");
        var totals = new SimulationTotals();
        Parallel.For(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed => totals.Add(Simulation.Run(Scenario.Of(seed), traced: count == 1)));

        output.WriteLine(totals.ToString());
        if (count == 1)
        {
            output.WriteLine(totals.Trace);
        }

        Assert.True(totals.Failures.Count == 0, Describe(totals.Failures));
        Assert.True(totals.Acknowledged > 0, "No client's write was ever acknowledged: nothing was tested.");
    }

    [Fact]
    public void The_same_seed_is_the_same_run()
    {
        var seed = Enumerable.Range(0, 100).First(seed => Scenario.Of(seed) is { Crashes: not null, Orders: not null });

        Assert.Equal(Simulation.Run(Scenario.Of(seed), traced: true).Trace, Simulation.Run(Scenario.Of(seed), traced: true).Trace);
    }

    private static string Describe(IReadOnlyList<SimulationResult> failures) => string.Join(
        Environment.NewLine,
        failures.OrderBy(failure => failure.Events).Take(ShownFailures).Select(failure => $"{failure.Violation!.Invariant}: {failure.Violation.What}{Environment.NewLine}  ./test.sh --simulate 1 {failure.Scenario.Seed}")
            .Prepend($"{failures.Count} scenarios failed; the shortest ones, each with the command that replays it:"));

    private static int? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}

/// <summary>What came of many scenarios. Safe for concurrent use.</summary>
internal sealed class SimulationTotals
{
    private readonly Lock gate = new();
    private int scenarios;
    private int lost;
    private long events;
    private TimeSpan duration;

    public List<SimulationResult> Failures { get; } = [];

    public int Acknowledged { get; private set; }

    public string Trace { get; private set; } = "";

    public void Add(SimulationResult result)
    {
        lock (gate)
        {
            scenarios++;
            events += result.Events;
            Acknowledged += result.Acknowledged;
            lost += result.Lost;
            duration += result.Duration;
            Trace = result.Trace;
            if (result.Violation is not null)
            {
                Failures.Add(result);
            }
        }
    }

    public override string ToString() =>
        $"{scenarios} scenarios, {events} events in {duration.TotalDays:0.0} days of virtual time, {Acknowledged} writes acknowledged, {lost} of them lost by right (a forced promotion, or power that went before an fsync), {Failures.Count} scenarios failed";
}
