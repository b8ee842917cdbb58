using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>One file while it is being staged: what was written, and the checksum of it.</summary>
/// <param name="expected">What the manifest says.</param>
/// <param name="handle">The file.</param>
/// <param name="written">Bytes of it that are there already.</param>
/// <param name="writtenCrc">Their checksum.</param>
internal sealed class StagedFile(SnapshotFile expected, SafeFileHandle handle, long written = 0, uint writtenCrc = 0) : IDisposable
{
    // Write-back begins in steps of so much: large enough for the disk, small enough that an fsync never finds much.
    private const long WriteBackStep = 8 << 20;

    private long writeBackFrom = written;

    // Frames are whole blocks but for a file's last one; from the first byte that is none on, the file goes through the page cache.
    private bool isDirect = DirectIo.SetDirect(handle, true);

    /// <summary>What the manifest says.</summary>
    public SnapshotFile Expected => expected;

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; } = written;

    /// <summary>CRC-32C of what was written so far.</summary>
    public uint Crc { get; private set; } = writtenCrc;

    /// <summary>All bytes are written.</summary>
    public bool IsWhole => Written == expected.Size;

    /// <summary>Something was written since the last <see cref="Sync"/> began.</summary>
    public bool IsDirty { get; set; } = true;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="StagedFileCorruptException">The file is whole now, and its checksum is wrong.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> data, uint? dataCrc)
    {
        var direct = await WriteDirectAsync(data).ConfigureAwait(false);
        if (direct < data.Length)
        {
            await WriteThroughCacheAsync(data[direct..], Written + direct).ConfigureAwait(false);
        }

        Crc = dataCrc is { } known ? Crc32C.Combine(Crc, known, data.Length) : Crc32C.Append(Crc, data.Span);
        Written += data.Length;
        IsDirty = true;
        if (!isDirect && Written - writeBackFrom >= WriteBackStep)
        {
            DiskFiles.BeginWriteBack(handle, writeBackFrom, Written - writeBackFrom);
            writeBackFrom = Written;
        }

        Check();
    }

    // Returns how many bytes it has written.
    private async ValueTask<int> WriteDirectAsync(ReadOnlyMemory<byte> data)
    {
        var direct = isDirect ? DirectIo.DirectPart(data.Span, Written) : 0;
        if (direct == 0)
        {
            return 0;
        }

        try
        {
            await RandomAccess.WriteAsync(handle, data[..direct], Written).ConfigureAwait(false);
            return direct;
        }
        catch (IOException error) when (DirectIo.IsRefused(error))
        {
            // A disk with larger blocks, a write that was cut short within one, or memory that moved: the page cache takes it all again.
            return 0;
        }
    }

    private ValueTask WriteThroughCacheAsync(ReadOnlyMemory<byte> data, long offset)
    {
        if (isDirect)
        {
            isDirect = false;
            writeBackFrom = offset;
            DirectIo.SetDirect(handle, false);
        }

        return RandomAccess.WriteAsync(handle, data, offset);
    }

    /// <summary>Makes what was written survive a crash.</summary>
    public void Sync() => RandomAccess.FlushToDisk(handle);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    /// <summary>A whole file must be what the manifest says.</summary>
    public void Check()
    {
        if (IsWhole && Crc != expected.Crc32C)
        {
            throw new StagedFileCorruptException(expected.Name, $"The staged file '{expected.Name}' of {expected.Size} bytes has the checksum {Crc:x8}, its manifest says {expected.Crc32C:x8}.");
        }
    }
}
