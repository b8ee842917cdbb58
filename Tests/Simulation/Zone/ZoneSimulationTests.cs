using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.Zone;

public sealed class ZoneSimulationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Begun = TimeSpan.FromSeconds(2);

    [Fact]
    public void Feasible_and_fair_at_every_instant_while_flows_join_and_leave() => Each(25, new ZoneScenario { ChurnPerSecond = 5 }, result =>
    {
        Assert.Empty(result.Violations);
        Assert.True(result.Fairness(Begun, TimeSpan.MaxValue) >= 0.95, result.ToString());
    });

    [Fact]
    public void Feasible_when_reports_and_answers_are_late_or_lost() => Each(25, new ZoneScenario { Loss = 0.1, Late = 0.2 }, result =>
    {
        Assert.Empty(result.Violations);
        Assert.True(result.Part(TimeSpan.FromSeconds(5), TimeSpan.MaxValue) >= 0.7, result.ToString());
    });

    [Fact]
    public void A_link_that_loses_capacity_is_within_it_again_within_a_second() => Each(25, new ZoneScenario { StepsPerSecond = 1, ChurnPerSecond = 1 }, result =>
    {
        Assert.Empty(result.Violations);
        Assert.True(result.ReactionAt(1) <= TimeSpan.FromSeconds(1), result.ToString());
        Assert.True(result.Fairness(Begun, TimeSpan.MaxValue) >= 0.95, result.ToString());
    });

    [Fact]
    public void A_broker_that_begins_anew_takes_nothing_away_and_gives_nothing_twice() => Each(25, new ZoneScenario { BrokerRestartsAt = TimeSpan.FromSeconds(8) }, result =>
    {
        Assert.Empty(result.Violations);
        Assert.True(result.Part(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(10)) >= 0.9, result.ToString());
        Assert.True(result.Fairness(TimeSpan.FromSeconds(10), TimeSpan.MaxValue) >= 0.95, result.ToString());
    });

    [Fact]
    public void Two_brokers_at_once_are_feasible_all_the_same() => Each(25, new ZoneScenario { BrokersDoubleAt = TimeSpan.FromSeconds(5), Duration = TimeSpan.FromSeconds(25) }, result =>
    {
        Assert.Empty(result.Violations);
        Assert.True(result.Fairness(TimeSpan.FromSeconds(20), TimeSpan.MaxValue) >= 0.95, result.ToString());
    });

    [Fact]
    public void A_thousand_nodes_with_ten_thousand_flows_are_feasible_and_fair()
    {
        var scenario = new ZoneScenario { Nodes = 1_000, Flows = 10_000, ChurnPerSecond = 20, StepsPerSecond = 5, Loss = 0.01, Late = 0.01, Duration = TimeSpan.FromSeconds(5) };
        var result = ZoneSimulation.Run(scenario, seed: 1);
        output.WriteLine(result.ToString());

        Assert.Empty(result.Violations);
        Assert.True(result.Fairness(TimeSpan.FromSeconds(3), TimeSpan.MaxValue) >= 0.95, result.ToString());
    }

    private void Each(int seeds, ZoneScenario scenario, Action<ZoneResult> check)
    {
        for (var seed = 1; seed <= seeds; seed++)
        {
            var result = ZoneSimulation.Run(scenario, seed);
            output.WriteLine($"seed {seed}: {result}{string.Concat(result.Violations.Take(3).Select(violation => Environment.NewLine + "  " + violation))}");
            check(result);
        }
    }
}
