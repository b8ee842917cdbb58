using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>
/// Reads a snapshot's file so that the copy leaves the primary's page cache as it was: what is cached is taken from there, what is not is read past the cache. The files of a snapshot are the live
/// ones' own (hard links): reading them the usual way would fill the cache with data that nobody asked for, in place of what clients do.
/// </summary>
/// <param name="open">Opens the file anew.</param>
internal sealed class SnapshotFileReader(Func<SafeFileHandle> open) : IDisposable
{
    private readonly SafeFileHandle cached = open();

    // A second opening: direct I/O is a property of the opening, not of a read. Null: not needed so far.
    private SafeFileHandle? direct;
    private bool cannotDirect;

    /// <summary>How many bytes of buffer a read needs: direct I/O reads whole blocks, also at the file's end.</summary>
    public static int BufferBytes(int length) => (length + FrameBufferPool.Alignment - 1) & ~(FrameBufferPool.Alignment - 1);

    /// <summary>Reads so many bytes.</summary>
    /// <param name="target">At least <see cref="BufferBytes"/>; direct I/O works when it begins at an aligned address.</param>
    /// <param name="length">How many.</param>
    /// <param name="offset">From where.</param>
    /// <returns>How many there are: less only when the file ends before.</returns>
    public int Read(Span<byte> target, int length, long offset)
    {
        var count = DirectIo.IsCached(cached, offset, length) ? 0 : ReadDirect(target[..BufferBytes(length)], offset);

        // What is cached, or is still missing: a file's end, a file system without direct I/O, an offset that is not aligned.
        while (count < length)
        {
            var more = RandomAccess.Read(cached, target[count..length], offset + count);
            if (more == 0)
            {
                return count;
            }

            count += more;
        }

        return length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cached.Dispose();
        direct?.Dispose();
    }

    private int ReadDirect(Span<byte> target, long offset)
    {
        var length = DirectIo.DirectPart(target, offset);
        if (length == 0 || cannotDirect)
        {
            return 0;
        }

        if (direct is null)
        {
            direct = open();
            if (!DirectIo.SetDirect(direct, true))
            {
                cannotDirect = true;
                return 0;
            }
        }

        try
        {
            return RandomAccess.Read(direct, target[..length], offset);
        }
        catch (IOException error) when (DirectIo.IsRefused(error))
        {
            cannotDirect = true;
            return 0;
        }
    }
}
