using System.Buffers;
using System.Collections.Concurrent;

namespace Sluice.Storage.Snapshots;

/// <summary>
/// CRC-32C checksums of a database's files. Table files never change and their names are never used again, so theirs are remembered from one snapshot to the next: a
/// second manifest costs little. Safe for concurrent use.
/// </summary>
internal sealed class FileChecksums
{
    private const int BufferBytes = 256 << 10;
    private readonly ConcurrentDictionary<(string Name, long Size), uint> tables = new();

    /// <summary>The checksum of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="size">Its size, which is part of what a table file is remembered by.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public uint Of(string path, long size, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(path);
        var neverChanges = NeverChanges(name);
        if (neverChanges && tables.TryGetValue((name, size), out var known))
        {
            return known;
        }

        var checksum = Read(path, cancellationToken);
        if (neverChanges)
        {
            tables[(name, size)] = checksum;
        }

        return checksum;
    }

    /// <summary>Reads the table files of a live database that are not known yet. One that is still being written has another size when it is whole, and is read again then; one that goes meanwhile is of no interest.</summary>
    public void Learn(string directory, CancellationToken cancellationToken)
    {
        foreach (var file in new DirectoryInfo(directory).GetFiles().Where(file => NeverChanges(file.Name)))
        {
            try
            {
                var size = file.Length;
                var checksum = Of(file.FullName, size, cancellationToken);
                if (new FileInfo(file.FullName) is not { Exists: true } after || after.Length != size)
                {
                    tables.TryRemove(new((file.Name, size), checksum));
                }
            }
            catch (FileNotFoundException)
            {
                // Compacted away.
            }
        }
    }

    /// <summary>Forgets the table files that are not among these: they are gone.</summary>
    public void KeepOnly(IEnumerable<SnapshotFile> files)
    {
        var kept = files.Select(file => (file.Name, file.Size)).ToHashSet();
        foreach (var known in tables.Keys.Where(known => !kept.Contains(known)))
        {
            tables.TryRemove(known, out _);
        }
    }

    // Tables, and the files of large values.
    private static bool NeverChanges(string name) => name.EndsWith(".sst", StringComparison.Ordinal) || name.EndsWith(".blob", StringComparison.Ordinal);

    /// <summary>Reads a file from its beginning to its end.</summary>
    public static uint Read(string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var checksum = 0u;
            for (var offset = 0L; ;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(file, buffer, offset);
                if (read == 0)
                {
                    return checksum;
                }

                checksum = Crc32C.Append(checksum, buffer.AsSpan(0, read));
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
