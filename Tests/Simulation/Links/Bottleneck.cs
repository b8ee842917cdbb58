namespace Sluice.Tests.Simulation.Links;

/// <summary>
/// A link with a drop-tail queue, as a fluid: what arrives in one step is one chunk, chunks are served in order, and within a chunk the senders are mixed. Rates in bytes per second.
/// </summary>
/// <param name="senders">How many send over it.</param>
/// <param name="capacity">What it carries, by time.</param>
/// <param name="buffer">Bytes that may wait.</param>
/// <param name="bucket">Bytes that a shaper, when it had less to do, lets through at once.</param>
internal sealed class Bottleneck(int senders, Func<double, double> capacity, double buffer, double bucket = 0)
{
    private readonly Queue<Chunk> queue = new();
    private readonly Stack<double[]> spare = new();
    private double headServed;
    private double saved;

    /// <summary>Bytes that wait.</summary>
    public double Queued { get; private set; }

    /// <summary>How long a byte that arrives now will wait, in seconds.</summary>
    public double Delay(double now) => Queued / capacity(now);

    /// <summary>What the link carries at present.</summary>
    public double Capacity(double now) => capacity(now);

    /// <summary>Takes in what the senders sent in a step. What does not fit into the buffer, nor passes within the step, is lost.</summary>
    public void Enqueue(double now, double step, ReadOnlySpan<double> sent, Span<double> lost)
    {
        double total = 0;
        foreach (var bytes in sent)
        {
            total += bytes;
        }

        lost.Clear();
        if (total <= 0)
        {
            return;
        }

        var kept = Math.Clamp((buffer + saved + capacity(now) * step - Queued) / total, 0, 1);
        var chunk = spare.TryPop(out var used) ? used : new double[senders];
        for (var sender = 0; sender < senders; sender++)
        {
            chunk[sender] = sent[sender] * kept;
            lost[sender] = sent[sender] - chunk[sender];
        }

        queue.Enqueue(new Chunk(now, total * kept, chunk));
        Queued += total * kept;
    }

    /// <summary>Serves for one step.</summary>
    /// <param name="now">The step's time.</param>
    /// <param name="step">Its length.</param>
    /// <param name="served">Bytes that left, by sender.</param>
    /// <returns>How long the last of them had waited.</returns>
    public double Serve(double now, double step, Span<double> served)
    {
        served.Clear();
        var room = saved + capacity(now) * step;
        double waited = 0;
        while (room > 0 && queue.TryPeek(out var head))
        {
            var part = Math.Min(room, head.Bytes - headServed);
            for (var sender = 0; sender < senders && head.Bytes > 0; sender++)
            {
                served[sender] += head.BySender[sender] * (part / head.Bytes);
            }

            waited = now - head.Arrived;
            room -= part;
            headServed += part;
            Queued = Math.Max(0, Queued - part);
            if (headServed < head.Bytes - 1e-9)
            {
                break;
            }

            headServed = 0;
            spare.Push(queue.Dequeue().BySender);
        }

        saved = Math.Min(bucket, room);
        return waited;
    }

    private readonly record struct Chunk(double Arrived, double Bytes, double[] BySender);
}
