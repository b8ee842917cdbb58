namespace Sluice.Tests.Simulation.Links;

/// <summary>
/// Senders over one bottleneck, in virtual time. All propagation is on the way back: a byte meets the queue when it is sent, and its acknowledgement comes a base round trip after it has left it.
/// </summary>
internal sealed class LinkSimulation(Bottleneck link, double baseRtt, IReadOnlyList<ITraffic> senders, double step)
{
    private readonly double[] sent = new double[senders.Count];
    private readonly double[] lost = new double[senders.Count];
    private readonly double[] served = new double[senders.Count];

    /// <summary>Virtual time, in seconds.</summary>
    public double Now { get; private set; }

    /// <summary>What each sender sent in the last step.</summary>
    public ReadOnlySpan<double> Sent => sent;

    /// <summary>What of each sender passed in the last step.</summary>
    public ReadOnlySpan<double> Served => served;

    /// <summary>How long a byte would wait now.</summary>
    public double QueueDelay => link.Delay(Now);

    /// <summary>What the link carries now.</summary>
    public double Capacity => link.Capacity(Now);

    /// <summary>One step.</summary>
    public void Step()
    {
        for (var index = 0; index < sent.Length; index++)
        {
            (senders[index] as SimulatedFlow)?.Connect(baseRtt + link.Delay(Now));
            sent[index] = senders[index].Send(Now, step);
        }

        link.Enqueue(Now, step, sent, lost);
        var waited = link.Serve(Now, step, served);
        for (var index = 0; index < sent.Length; index++)
        {
            if (served[index] > 0)
            {
                senders[index].Served(Now + baseRtt, served[index], baseRtt + waited);
            }

            if (lost[index] > 0)
            {
                // Told by the packets behind it: once they have passed the queue.
                senders[index].Lost(Now + baseRtt + link.Delay(Now), lost[index]);
            }
        }

        Now += step;
    }
}
