using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;

namespace Sluice.Tests.Simulation.Links;

/// <summary>Several flows over one bottleneck, each with a controller of its own.</summary>
internal sealed class SharedLink
{
    private readonly LinkSimulation simulation;
    private readonly SimulatedFlow[] flows;
    private readonly double[] bytes;

    /// <summary>Makes a link.</summary>
    /// <param name="seed">Seeds everything.</param>
    /// <param name="capacity">Bytes per second.</param>
    /// <param name="baseRtt">Seconds.</param>
    /// <param name="begins">When each flow begins, in seconds.</param>
    /// <param name="allowance">What each flow is allowed, by its index and time; null: only a floor.</param>
    public SharedLink(int seed, double capacity, double baseRtt, double[] begins, Func<int, double, FlowAllowance>? allowance = null)
    {
        var random = new Random(seed);
        flows = [.. begins.Select((at, index) =>
        {
            var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(seed + index));
            return new SimulatedFlow(CongestionControlKind.Cubic, controller.Update, 0.0001, 0.01, random, at)
            {
                Allowance = now => allowance?.Invoke(index, now) ?? new FlowAllowance(0, 0, 65536),
            };
        })];
        bytes = new double[flows.Length];
        simulation = new LinkSimulation(new Bottleneck(flows.Length, _ => capacity, 0.4 * capacity), baseRtt, flows, 0.0005);
    }

    /// <summary>What each flow's controller has decided last.</summary>
    public IReadOnlyList<RateDecision> Decisions => [.. flows.Select(flow => flow.Decision)];

    public double QueueDelay => simulation.QueueDelay;

    /// <summary>Goes on until a time.</summary>
    /// <returns>Bytes that each flow got meanwhile.</returns>
    public double[] RunUntil(double until)
    {
        Array.Clear(bytes);
        while (simulation.Now < until)
        {
            simulation.Step();
            for (var index = 0; index < bytes.Length; index++)
            {
                bytes[index] += simulation.Served[index];
            }
        }

        return [.. bytes];
    }

    /// <summary>Jain's index of fairness: 1 when all get the same, 1/n when one gets everything.</summary>
    public static double Jain(IReadOnlyCollection<double> shares) => shares.Sum() * shares.Sum() / (shares.Count * shares.Sum(share => share * share));
}
