namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// The round trip of the empty path: the least that was seen of late. A sliding minimum in short slots, as LEDBAT's base history (RFC 6817, 3.4.2), so that a path that has become longer is
/// believed once the last slot that knows better has gone.
/// </summary>
internal sealed class BaseRtt
{
    // Long enough for three slow-downs (SlowDown.Every), so that one which met a burst of foreground does no harm, and for twenty seconds of foreground that keeps the queue full.
    // Short enough that a flow whose path has become longer creeps for half a minute, not for LEDBAT's ten.
    private static readonly TimeSpan Slot = TimeSpan.FromSeconds(3);
    private readonly double[] slots = new double[10];
    private long slot = -1;

    /// <summary>The least round trip in seconds; infinite before the first sample.</summary>
    public double Seconds { get; private set; } = double.PositiveInfinity;

    /// <summary>Takes note of a round trip.</summary>
    public void Observe(TimeSpan now, double seconds)
    {
        var current = now.Ticks / Slot.Ticks;
        if (slot < 0)
        {
            Array.Fill(slots, double.PositiveInfinity);
            slot = current;
        }

        // A flow that was silent for a whole window knows nothing any more.
        for (var passed = Math.Min(current - slot, slots.Length); passed > 0; passed--)
        {
            slots[(current - passed + 1) % slots.Length] = double.PositiveInfinity;
        }

        slot = Math.Max(slot, current);
        ref var least = ref slots[slot % slots.Length];
        least = Math.Min(least, seconds);
        Seconds = slots.Min();
    }
}
