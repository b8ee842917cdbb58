namespace Sluice.Silo.Resp;

/// <summary>
/// Keeps the garbage of large values from piling up. A value of many megabytes passes through an array or two, all garbage as soon as its command is answered, on the large object heap;
/// on a machine with much free memory the collector lets gigabytes of them lie, which is as if each value took ten times its size. So a
/// collection is asked for whenever so much has gone through: in the background; or, when single rounds were huge, one that stops the process for some milliseconds but gives the
/// memory back to the system at once, which the other does over minutes. Safe for concurrent use.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="collect">Collects; true: and gives the memory back.</param>
public sealed class LargePayloads(TimeProvider time, Action<bool> collect) : IDisposable
{
    /// <summary>A round of commands and replies below this size leaves nothing on the large object heap that is worth a collection.</summary>
    public const long LargeRoundBytes = 1 << 20;

    /// <summary>A round from this size on takes far longer than the pause that gives its memory back: tens of milliseconds.</summary>
    public const long HugeRoundBytes = 64 << 20;

    /// <summary>Between two collections: often enough to hold memory down, and seldom enough that a bulk load of small files never notices.</summary>
    public const long CollectEveryBytes = 256 << 20;

    /// <summary>The methods through which a payload went have returned by then: while one is on the stack, its array is in use.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    private readonly Lock gate = new();
    private ITimer? timer;
    private long passed;
    private bool huge;

    /// <summary>Collects with the runtime's collector.</summary>
    public LargePayloads(TimeProvider time)
        : this(time, Collect)
    {
    }

    /// <summary>A round with so many bytes of commands and replies is over.</summary>
    public void Passed(long bytes)
    {
        if (bytes < LargeRoundBytes)
        {
            return;
        }

        lock (gate)
        {
            passed += bytes;
            huge |= bytes >= HugeRoundBytes;
            if (passed >= CollectEveryBytes)
            {
                timer ??= time.CreateTimer(static self => ((LargePayloads)self!).Collect(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                timer.Change(Delay, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose() => timer?.Dispose();

    private static void Collect(bool giveBack) =>
        GC.Collect(GC.MaxGeneration, giveBack ? GCCollectionMode.Aggressive : GCCollectionMode.Forced, blocking: giveBack, compacting: giveBack);

    private void Collect()
    {
        bool giveBack;
        lock (gate)
        {
            giveBack = huge;
            passed = 0;
            huge = false;
        }

        collect(giveBack);
    }
}
