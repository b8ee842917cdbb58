namespace Sluice.Silo.Resp;

/// <summary>
/// Keeps the garbage of large values from piling up. A value of many megabytes passes through several arrays, all garbage as soon as its command is answered, on the large object heap;
/// on a machine with much free memory the collector lets gigabytes of them lie, which is as if each value took twenty times its size. So a
/// collection is asked for, in the background, whenever so much has gone through. Safe for concurrent use.
/// </summary>
public sealed class LargePayloads(Action collect)
{
    /// <summary>A round of commands and replies below this size leaves nothing on the large object heap that is worth a collection.</summary>
    public const long LargeRoundBytes = 1 << 20;

    /// <summary>Between two collections: often enough to hold memory down, and seldom enough that a bulk load of small files never notices.</summary>
    public const long CollectEveryBytes = 256 << 20;

    private long passed;

    /// <summary>Asks the runtime for a background collection that doesn't stop the process to compact.</summary>
    public LargePayloads()
        : this(() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false, compacting: false))
    {
    }

    /// <summary>A round with so many bytes of commands and replies is over.</summary>
    public void Passed(long bytes)
    {
        if (bytes < LargeRoundBytes || Interlocked.Add(ref passed, bytes) < CollectEveryBytes)
        {
            return;
        }

        if (Interlocked.Exchange(ref passed, 0) >= CollectEveryBytes)
        {
            collect();
        }
    }
}
