using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Allocation;

/// <summary>
/// The allocator's naive twin: water rises in tiny steps, each flow takes its part of each step unless it has reached its cap or one of its links has no room. First to the floors, then to the
/// reservations, then for all. Slow and obvious; exact to a step.
/// </summary>
internal static class WaterFilling
{
    // What a step gives to the flow that rises fastest, in bytes per second.
    private const double Step = 0.5;

    /// <summary>How far a rate can be off: a step and a byte of rounding for each flow on its links, taken over from link to link.</summary>
    public static double Tolerance(AllocationProblem problem) => 2 * (Step + 1) * problem.FlowCount;

    public static double[] Allocate(AllocationProblem problem)
    {
        var rates = new double[problem.FlowCount];
        Rise(problem, rates, flow => problem.Terms(flow).Floor, flow => Math.Min(problem.Terms(flow).Floor, problem.Terms(flow).Cap));
        Rise(problem, rates, flow => problem.Terms(flow).Reservation, flow => Math.Min(problem.Terms(flow).Reservation, problem.Terms(flow).Cap));
        Rise(problem, rates, flow => problem.Terms(flow).Weight, flow => problem.Terms(flow).Cap);
        return rates;
    }

    private static void Rise(AllocationProblem problem, double[] rates, Func<int, double> weight, Func<int, double> cap)
    {
        var stopped = new bool[rates.Length];
        var largest = Enumerable.Range(0, rates.Length).Select(weight).DefaultIfEmpty(0).Max();
        if (largest == 0)
        {
            return;
        }

        var step = Step / largest;
        for (var level = step; stopped.Contains(false); level += step)
        {
            for (var flow = 0; flow < rates.Length; flow++)
            {
                var wanted = Math.Min(level * weight(flow), cap(flow));
                if (!stopped[flow] && wanted > rates[flow])
                {
                    var room = double.MaxValue;
                    foreach (var link in problem.LinksOf(flow))
                    {
                        room = Math.Min(room, problem.Capacity(link) - Used(problem, rates, link));
                    }

                    stopped[flow] = room < wanted - rates[flow];
                    rates[flow] = stopped[flow] ? rates[flow] + Math.Max(0, room) : wanted;
                }

                stopped[flow] |= level * weight(flow) >= cap(flow) || weight(flow) == 0;
            }
        }
    }

    private static double Used(AllocationProblem problem, double[] rates, int link)
    {
        var used = 0.0;
        for (var flow = 0; flow < rates.Length; flow++)
        {
            used += problem.LinksOf(flow).Contains(link) ? rates[flow] : 0;
        }

        return used;
    }
}
