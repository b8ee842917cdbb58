using System.Collections.Concurrent;

namespace Sluice.Replication;

/// <summary>
/// Buffers for frames, in three sizes, pinned because sockets and files use them all the time. ArrayPool would round a frame of 1 MiB and its header up to 2 MiB and would keep what
/// a past copy needed; this pool keeps a bounded number and leaves the rest to the garbage collector. Safe for concurrent use.
/// </summary>
public sealed class FrameBufferPool
{
    /// <summary>The sizes that are handed out, smallest first. The largest holds the largest frame.</summary>
    public static readonly int[] Sizes = [8 << 10, 136 << 10, Frame.HeaderBytes + Frame.MaxBody];

    // What a few copies at once need: 16 large ones are 16 MiB.
    private static readonly int[] Kept = [64, 32, 16];

    private readonly ConcurrentBag<byte[]>[] free = [[], [], []];
    private readonly int[] counts = new int[Sizes.Length];
    private long rented;

    /// <summary>Bytes of the buffers that are in use now.</summary>
    public long RentedBytes => Interlocked.Read(ref rented);

    /// <summary>What direct I/O asks of memory, offsets and lengths: the largest block size that disks have.</summary>
    public const int Alignment = 4096;

    /// <summary>A buffer of at least so many bytes; dispose of it to give it back. Its content is not cleared.</summary>
    /// <param name="bytes">At most the largest of <see cref="Sizes"/>.</param>
    /// <param name="alignedAt">Which of its bytes stands at an address that direct I/O can use.</param>
    /// <exception cref="ArgumentOutOfRangeException">No frame is so long.</exception>
    public FrameBuffer Rent(int bytes, int alignedAt = 0)
    {
        var kind = 0;
        while (bytes > Sizes[kind])
        {
            kind++;
            ArgumentOutOfRangeException.ThrowIfEqual(kind, Sizes.Length, nameof(bytes));
        }

        if (free[kind].TryTake(out var array))
        {
            Interlocked.Decrement(ref counts[kind]);
        }
        else
        {
            array = GC.AllocateUninitializedArray<byte>(Sizes[kind] + Alignment, pinned: true);
        }

        Interlocked.Add(ref rented, array.Length);
        return new FrameBuffer(this, kind, array, Start(array, alignedAt));
    }

    // The array is pinned: its address stays.
    private static unsafe int Start(byte[] array, int alignedAt)
    {
        var address = (nuint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array));
        return (int)((Alignment - (address + (nuint)alignedAt) % Alignment) % Alignment);
    }

    internal void Return(int kind, byte[] array)
    {
        Interlocked.Add(ref rented, -array.Length);
        if (Interlocked.Increment(ref counts[kind]) <= Kept[kind])
        {
            free[kind].Add(array);
        }
        else
        {
            Interlocked.Decrement(ref counts[kind]);
        }
    }
}

/// <summary>A rented buffer.</summary>
public sealed class FrameBuffer : IDisposable
{
    private readonly FrameBufferPool pool;
    private readonly int kind;
    private readonly int start;
    private byte[]? array;

    internal FrameBuffer(FrameBufferPool pool, int kind, byte[] array, int start)
    {
        this.start = start;
        this.pool = pool;
        this.kind = kind;
        this.array = array;
    }

    /// <summary>The whole buffer.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public Memory<byte> Memory => (array ?? throw new ObjectDisposedException(nameof(FrameBuffer))).AsMemory(start, FrameBufferPool.Sizes[kind]);

    /// <summary>Gives it back. Once is enough, twice does no harm.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref array, null) is { } given)
        {
            pool.Return(kind, given);
        }
    }
}
