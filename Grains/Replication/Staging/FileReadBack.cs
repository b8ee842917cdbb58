namespace Sluice.Replication;

/// <summary>
/// Reads files back from the disk to see whether they hold what they should. What the page cache does not have is read past it, so that hundreds of gigabytes do not push out what the node serves.
/// Memory: one buffer of a mebibyte.
/// </summary>
internal sealed class FileReadBack : IDisposable
{
    private const int Step = 1 << 20;
    private readonly FrameBuffer buffer = new FrameBufferPool().Rent(Step);

    /// <summary>Whether a file begins with so many bytes of that checksum. Blocks on the disk.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="crc">Their CRC-32C.</param>
    /// <param name="whole">Whether the file has to end there.</param>
    /// <param name="read">Told how many bytes were read, again and again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public bool Matches(string path, long length, uint crc, bool whole, Action<long>? read, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length < length || (whole && file.Length != length))
        {
            return false;
        }

        try
        {
            using var reader = new SnapshotFileReader(() => File.OpenHandle(path));
            var found = 0u;
            for (var offset = 0L; offset < length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = reader.Read(buffer.Memory.Span, (int)Math.Min(Step, length - offset), offset);
                if (count == 0)
                {
                    return false;
                }

                found = Crc32C.Append(found, buffer.Memory.Span[..count]);
                offset += count;
                read?.Invoke(count);
            }

            return found == crc;
        }
        catch (IOException)
        {
            // A sector that cannot be read, or a file that has gone meanwhile: either way its bytes are not there.
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
