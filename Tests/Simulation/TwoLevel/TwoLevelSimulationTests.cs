using System.Globalization;
using Xunit.Abstractions;

namespace Sluice.Tests.Simulation.TwoLevel;

public sealed class TwoLevelSimulationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Zones_and_trunks_that_know_only_their_own_come_to_the_allocation_of_one_that_knows_everything(int seed)
    {
        var simulation = new TwoLevelSimulation(zones: 10, nodes: 100, flowCount: 10_000, seed);
        for (var round = 1; round <= 80; round++)
        {
            simulation.Round();
            if (round is 1 or 5 or 10 or 20 or 40 or 80)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}: Jain {Jain(simulation):0.0000}, off by more than 2 %: {Off(simulation):0.0%}, worst use {simulation.WorstUse:0.000}, {simulation.Messages} messages"));
            }
        }

        Assert.True(Jain(simulation) >= 0.99, $"Jain's index is {Jain(simulation)}");
        Assert.True(Off(simulation) <= 0.01, $"{Off(simulation):0.0%} of the flows are off by more than 2 %");
    }

    private static double Jain(TwoLevelSimulation simulation)
    {
        var parts = simulation.Parts();
        return parts.Sum() * parts.Sum() / (parts.Count * parts.Sum(part => part * part));
    }

    private static double Off(TwoLevelSimulation simulation) => simulation.Parts().Count(part => Math.Abs(part - 1) > 0.02) / (double)simulation.Parts().Count;
}
