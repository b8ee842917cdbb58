namespace Sluice.Sync;

/// <summary>
/// The present rate of a transfer: bytes over the last few seconds. Pure: time comes in as an argument. A window and not a smoothed average, so that a
/// change of the throttle shows within its length and a pause shows as a falling rate, not as the last good one for ever.
/// </summary>
public sealed class TransferRate
{
    // Three seconds in steps of a quarter: steady enough to read, quick enough to see a throttle change.
    private const int Slots = 12;
    private static readonly TimeSpan SlotLength = TimeSpan.FromMilliseconds(250);

    private readonly long[] bytes = new long[Slots];
    private readonly DateTimeOffset start;
    private long newestSlot;

    /// <summary>Begins to measure.</summary>
    public TransferRate(DateTimeOffset now) => start = now;

    /// <summary>Counts bytes that arrived now.</summary>
    public void Count(long count, DateTimeOffset now)
    {
        Advance(now);
        bytes[newestSlot % Slots] += count;
    }

    /// <summary>Bytes per second over the window, or since the beginning when that is shorter (but at least one step).</summary>
    public long BytesPerSecond(DateTimeOffset now)
    {
        Advance(now);
        var covered = now - start;
        var inNewest = covered - newestSlot * SlotLength;
        var window = newestSlot >= Slots ? (Slots - 1) * SlotLength + inNewest : covered;
        return (long)(bytes.Sum() / Math.Max(window.TotalSeconds, SlotLength.TotalSeconds));
    }

    private void Advance(DateTimeOffset now)
    {
        // A clock that steps back leaves the newest slot where it is.
        var slot = Math.Max(newestSlot, (long)((now - start) / SlotLength));
        for (var passed = Math.Max(newestSlot + 1, slot - Slots + 1); passed <= slot; passed++)
        {
            bytes[passed % Slots] = 0;
        }

        newestSlot = slot;
    }
}
