using Sluice.Persistence;

namespace Sluice.Storage.Snapshots;

/// <summary>
/// The directories of one replica:
/// <code>
/// live/        the database that is open
/// staging/     a copy that is being received; what is in it means nothing
/// incoming/    a copy that is complete, verified and durable, about to replace live/
/// old/         the data that was replaced, about to be deleted
/// snapshots/   checkpoints that are leased to syncs, with their records; they outlive the process, and whoever offers them deletes what has no valid record
/// </code>
/// A copy is installed by renames within this directory, each made durable before the next. A crash at any point leaves either the old or the new data, whole, and
/// <see cref="Recover"/> finishes what was begun. Not safe for concurrent use; the database must be closed.
/// </summary>
public sealed class PartitionDirectory(string root)
{
    /// <summary>The replica's directory.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The database that is open.</summary>
    public string Live => Path.Combine(Root, "live");

    /// <summary>Where a copy is received.</summary>
    public string Staging => Path.Combine(Root, "staging");

    /// <summary>Where checkpoints are made.</summary>
    public string Snapshots => Path.Combine(Root, "snapshots");

    /// <summary>A complete copy on its way to <see cref="Live"/>.</summary>
    public string Incoming => Path.Combine(Root, "incoming");

    /// <summary>Data that was replaced.</summary>
    public string Old => Path.Combine(Root, "old");

    /// <summary>Called before each change of the file system: a test's crash.</summary>
    internal Action<string>? BeforeChange { get; set; }

    /// <summary>
    /// Puts the directories in order after a start: finishes an installation that was decided upon, deletes leftovers of others. A staging directory is
    /// left alone: an interrupted sync goes on with it. So are snapshots: their leases outlive the process.
    /// </summary>
    public void Recover()
    {
        Directory.CreateDirectory(Root);
        CarryOut();
    }

    /// <summary>
    /// Replaces the live data by a staged copy that was verified. Files that the manifest does not name are deleted from the staging directory at last.
    /// </summary>
    /// <param name="stagingDirectory">The staged copy: on the same file system, its directory will be gone.</param>
    /// <param name="manifest">What belongs to it.</param>
    public void Install(string stagingDirectory, SnapshotManifest manifest)
    {
        // An earlier installation may have left something to finish.
        CarryOut();
        RemoveStrangers(stagingDirectory, manifest);
        Change("sync the copy");
        DurableFile.SyncDirectoryWithFiles(stagingDirectory);
        Rename(stagingDirectory, Incoming);
        CarryOut();
    }

    /// <summary>Deletes everything: this node holds no replica of the shard any more. The database must be closed.</summary>
    public void Remove() => Delete(Root);

    private void CarryOut()
    {
        foreach (var step in RecoveryPlan.Of(Directory.Exists(Live), Directory.Exists(Incoming), Directory.Exists(Old)))
        {
            switch (step)
            {
                case RecoveryStep.DeleteOld:
                    Delete(Old);
                    break;
                case RecoveryStep.RetireLive:
                    Rename(Live, Old);
                    break;
                case RecoveryStep.PromoteIncoming:
                    Rename(Incoming, Live);
                    break;
                case RecoveryStep.RestoreOld:
                    Rename(Old, Live);
                    break;
                default:
                    throw new InvalidOperationException($"There is no recovery step {step}.");
            }
        }
    }

    private void RemoveStrangers(string stagingDirectory, SnapshotManifest manifest)
    {
        var names = manifest.Files.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in new DirectoryInfo(stagingDirectory).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory)
            {
                Delete(directory.FullName);
            }
            else if (!names.Contains(entry.Name))
            {
                Change($"delete {entry.Name}");
                entry.Delete();
            }
        }
    }

    private void Rename(string from, string to)
    {
        Change($"rename {Path.GetFileName(from)} to {Path.GetFileName(to)}");
        Directory.Move(from, to);
        DurableFile.SyncDirectory(Root);
        var parent = Path.GetDirectoryName(Path.GetFullPath(from))!;
        if (parent != Root)
        {
            DurableFile.SyncDirectory(parent);
        }
    }

    private void Delete(string directory)
    {
        if (Directory.Exists(directory))
        {
            Change($"delete {Path.GetFileName(directory)}");
            Directory.Delete(directory, recursive: true);
        }
    }

    private void Change(string what) => BeforeChange?.Invoke(what);
}
