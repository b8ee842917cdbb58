using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>One file while it is being staged: what was written, and the checksum of it.</summary>
internal sealed class StagedFile(SnapshotFile expected, SafeFileHandle handle) : IDisposable
{
    // Write-back begins in steps of so much: large enough for the disk, small enough that an fsync never finds much.
    private const long WriteBackStep = 8 << 20;

    private long writeBackFrom;
    private uint crc;

    /// <summary>What the manifest says.</summary>
    public SnapshotFile Expected => expected;

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    /// <summary>All bytes are written.</summary>
    public bool IsWhole => Written == expected.Size;

    /// <summary>Something was written since the last <see cref="Sync"/> began.</summary>
    public bool IsDirty { get; set; } = true;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="StagedFileCorruptException">The file is whole now, and its checksum is wrong.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> data, uint? dataCrc)
    {
        await RandomAccess.WriteAsync(handle, data, Written).ConfigureAwait(false);
        crc = dataCrc is { } known ? Crc32C.Combine(crc, known, data.Length) : Crc32C.Append(crc, data.Span);
        Written += data.Length;
        IsDirty = true;
        if (Written - writeBackFrom >= WriteBackStep)
        {
            StagingFiles.BeginWriteBack(handle, writeBackFrom, Written - writeBackFrom);
            writeBackFrom = Written;
        }

        Check();
    }

    /// <summary>Makes what was written survive a crash.</summary>
    public void Sync() => RandomAccess.FlushToDisk(handle);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    /// <summary>A whole file must be what the manifest says.</summary>
    public void Check()
    {
        if (IsWhole && crc != expected.Crc32C)
        {
            throw new StagedFileCorruptException(expected.Name, $"The staged file '{expected.Name}' of {expected.Size} bytes has the checksum {crc:x8}, its manifest says {expected.Crc32C:x8}.");
        }
    }
}
