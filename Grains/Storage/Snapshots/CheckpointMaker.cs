using System.Collections.Immutable;

namespace Sluice.Storage.Snapshots;

/// <summary>
/// Makes snapshots: a RocksDB checkpoint (hard links of the table files, which never change, and copies of what is small) and its manifest. Writes go on meanwhile: RocksDB flushes the
/// memtables, then takes the log as far as it was written at that moment. At which sequence that is, is known only by opening the checkpoint, so that is done, for
/// reading only.
/// <para>
/// Between that sequence and the moment when the replica begins to spool the log, the log must not be purged, or the snapshot is of no use (kvrocks #1319: under heavy writes one full copy after the other). What takes long is to
/// read the files for their checksums: so the tables that are there are read before the checkpoint is made, and again those that came meanwhile; what is left then is little.
/// </para>
/// </summary>
internal sealed class CheckpointMaker(PartitionDatabase database, StorageEngine engine, string directory, ReplicaKey key)
{
    // The second pass reads what was flushed and compacted during the first, which is a small part of it; a third one would find next to nothing.
    private const int PassesBefore = 2;

    private readonly FileChecksums checksums = new();

    /// <summary>Makes a checkpoint and its manifest. Blocks on the disk.</summary>
    /// <param name="target">The checkpoint's directory: must not exist; on the database's file system.</param>
    /// <param name="snapshotId">The manifest's name for it.</param>
    /// <param name="epochAt">The epoch that wrote a sequence, for the manifest.</param>
    /// <param name="cancellationToken">Ends the work; what was made is removed.</param>
    public SnapshotManifest Make(string target, Guid snapshotId, Func<long, long> epochAt, CancellationToken cancellationToken)
    {
        using var lease = database.Enter();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        try
        {
            for (var pass = 0; pass < PassesBefore; pass++)
            {
                checksums.Learn(directory, cancellationToken);
            }

            using (var checkpoint = database.Database.Checkpoint())
            {
                checkpoint.Save(target);
            }

            var sequence = ReadSequence(target);
            var files = ListFiles(target, cancellationToken);
            checksums.KeepOnly(files);
            return new SnapshotManifest
            {
                SnapshotId = snapshotId,
                Shard = key.Shard,
                Epoch = epochAt(sequence),
                Sequence = sequence,
                DatabaseId = File.ReadAllText(Path.Combine(directory, "IDENTITY")).Trim(),
                Files = files,
            };
        }
        catch
        {
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            throw;
        }
    }

    /// <summary>Whether a file of a checkpoint is part of the snapshot: not what belongs to a process (locks, RocksDB's own messages, the identity, which each replica has for itself).</summary>
    public static bool IsPartOfSnapshot(string name) =>
        !name.StartsWith("LOG", StringComparison.Ordinal) && name is not ("LOCK" or "IDENTITY");

    private long ReadSequence(string target)
    {
        using var opened = engine.OpenReadOnly(target);
        return (long)opened.GetLatestSequenceNumber();
    }

    private ImmutableArray<SnapshotFile> ListFiles(string target, CancellationToken cancellationToken)
    {
        var files = ImmutableArray.CreateBuilder<SnapshotFile>();
        // In order of name, so that the same files make the same manifest.
        foreach (var file in new DirectoryInfo(target).GetFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            if (IsPartOfSnapshot(file.Name))
            {
                files.Add(new SnapshotFile(file.Name, file.Length, checksums.Of(file.FullName, file.Length, cancellationToken)));
            }
        }

        return files.ToImmutable();
    }
}
