using RocksDbSharp;

namespace Sluice.Storage.Snapshots;

/// <summary>A copy that was staged is not what its manifest says; the message names the difference. The copy is useless: stage it again.</summary>
[GenerateSerializer, Alias("Sluice.StagedCopyException")]
public sealed class StagedCopyException : Exception
{
    public StagedCopyException() { }
    public StagedCopyException(string message) : base(message) { }
    public StagedCopyException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Checks a staged copy before it is installed.</summary>
public static class StagedCopy
{
    /// <summary>
    /// Checks that every file of the manifest is there with its size, and that the database opens (for reading only) and stands at the manifest's sequence. Blocks on the disk.
    /// </summary>
    /// <param name="engine">The node's engine.</param>
    /// <param name="directory">The staging directory.</param>
    /// <param name="manifest">What it must hold.</param>
    /// <param name="checksums">Whether to read all files and compare their checksums too. Whoever staged them has normally done so while they arrived.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="StagedCopyException">The copy is not what the manifest says.</exception>
    public static void Verify(StorageEngine engine, string directory, SnapshotManifest manifest, bool checksums = false, CancellationToken cancellationToken = default)
    {
        foreach (var expected in manifest.Files)
        {
            VerifyFile(directory, expected, checksums, cancellationToken);
        }

        try
        {
            using var opened = engine.OpenReadOnly(directory);
            var sequence = (long)opened.GetLatestSequenceNumber();
            if (sequence != manifest.Sequence)
            {
                throw new StagedCopyException($"The copy in {directory} stands at sequence {sequence}, its manifest says {manifest.Sequence}; it must be made anew.");
            }

            FormatVersion.Check(opened, opened.GetColumnFamily(PartitionDatabase.ColumnFamilyNames[2]), directory);
        }
        catch (RocksDbException exception)
        {
            throw new StagedCopyException($"The copy in {directory} cannot be opened ({exception.Message}); it must be made anew.", exception);
        }
    }

    private static void VerifyFile(string directory, SnapshotFile expected, bool checksums, CancellationToken cancellationToken)
    {
        if (expected.Name != Path.GetFileName(expected.Name) || !CheckpointMaker.IsPartOfSnapshot(expected.Name))
        {
            throw new StagedCopyException($"The manifest names the file '{expected.Name}', which is no file of a snapshot.");
        }

        var file = new FileInfo(Path.Combine(directory, expected.Name));
        if (!file.Exists || file.Length != expected.Size)
        {
            throw new StagedCopyException($"The file {file.FullName} has {(file.Exists ? file.Length : 0)} bytes, its manifest says {expected.Size}; it must be copied again.");
        }

        if (checksums && FileChecksums.Read(file.FullName, cancellationToken) is var actual && actual != expected.Crc32C)
        {
            throw new StagedCopyException($"The file {file.FullName} has checksum {actual:x8}, its manifest says {expected.Crc32C:x8}; it must be copied again.");
        }
    }
}
