using System.Globalization;
using Sluice.Persistence;
using Sluice.Replication;

namespace Sluice.Storage.Snapshots;

/// <summary>
/// The directories of one replica:
/// <code>
/// live/                   the database that is open
/// staging/                a copy that is being received; its journal tells what it means
/// spool/                  the log that came beside the copy, not applied yet
/// incoming/               a copy that is complete, verified and durable, about to replace live/
/// incoming-keeping-TIME/  the same, and live/ will be kept aside
/// old/                    the data that was replaced, about to be deleted
/// diverged-TIME/          data that was replaced because its history had left the shard's; the newest two are kept
/// snapshots/              checkpoints that are leased to syncs, with their records; whoever offers them deletes what has no valid record
/// </code>
/// A copy is installed by renames within this directory, each made durable before the next. A crash at any point leaves either the old or the new data, whole, and
/// <see cref="Recover"/> finishes what was begun. Not safe for concurrent use; the database must be closed.
/// </summary>
public sealed class PartitionDirectory(string root)
{
    /// <summary>How many directories of diverged data are kept; each is as large as the database was.</summary>
    public const int DivergedKept = 2;

    private const string DivergedPrefix = "diverged-";
    private const string KeepingPrefix = "incoming-keeping-";

    // UTC, sortable, without what a file name should not have.
    private const string TimeFormat = "yyyyMMdd'T'HHmmssfff'Z'";

    /// <summary>The replica's directory.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The database that is open.</summary>
    public string Live => Path.Combine(Root, "live");

    /// <summary>Where a copy is received.</summary>
    public string Staging => Path.Combine(Root, "staging");

    /// <summary>Where the log waits that comes beside a copy.</summary>
    public string Spool => Path.Combine(Root, "spool");

    /// <summary>Where checkpoints are made. What is in it survives a restart; whoever leases them knows which are wanted.</summary>
    public string Snapshots => Path.Combine(Root, "snapshots");

    /// <summary>A complete copy on its way to <see cref="Live"/>.</summary>
    public string Incoming => Path.Combine(Root, "incoming");

    /// <summary>Data that was replaced.</summary>
    public string Old => Path.Combine(Root, "old");

    /// <summary>Data that was kept aside because its history had left the shard's, newest first.</summary>
    public IReadOnlyList<DivergedData> Diverged =>
        [.. Named(DivergedPrefix).Select(path => new DivergedData(path, TimeOf(path, DivergedPrefix))).OrderByDescending(data => data.At).ThenByDescending(data => data.Directory, StringComparer.Ordinal)];

    /// <summary>Called before each change of the file system: a test's crash.</summary>
    internal Action<string>? BeforeChange { get; set; }

    /// <summary>
    /// Puts the directories in order after a start: finishes an installation that was decided upon, deletes its leftovers. A staging directory and a spool are
    /// left alone: an interrupted sync goes on with them. So are snapshots: their leases outlive the process.
    /// </summary>
    public void Recover()
    {
        Directory.CreateDirectory(Root);
        CarryOut();
        Tidy();
    }

    /// <summary>
    /// Replaces the live data by a staged copy that was verified. Files that the manifest does not name are deleted from the staging directory at last; the manifest is put in their place, so that the next copy
    /// knows which files are here already (<see cref="InstalledManifest"/>).
    /// </summary>
    /// <param name="stagingDirectory">The staged copy: on the same file system, its directory will be gone.</param>
    /// <param name="manifest">What belongs to it.</param>
    /// <param name="divergedAt">Not null: the live data has left the shard's history; it is kept aside under this time instead of deleted.</param>
    public void Install(string stagingDirectory, SnapshotManifest manifest, DateTimeOffset? divergedAt = null)
    {
        // An earlier installation may have left something to finish.
        CarryOut();
        RemoveStrangers(stagingDirectory, manifest);
        Change($"write {InstalledManifest.FileName}");
        InstalledManifest.Write(stagingDirectory, manifest);
        Change("sync the copy");
        DurableFile.SyncDirectoryWithFiles(stagingDirectory);
        Rename(stagingDirectory, divergedAt is { } at ? Path.Combine(Root, KeepingPrefix + at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)) : Incoming);
        CarryOut();
        Tidy();
    }

    /// <summary>Deletes everything: this node holds no replica of the shard any more. The database must be closed.</summary>
    public void Remove() => Delete(Root);

    private void CarryOut()
    {
        var keeping = Named(KeepingPrefix).Order(StringComparer.Ordinal).LastOrDefault();
        var incoming = keeping ?? Incoming;
        foreach (var step in RecoveryPlan.Of(Directory.Exists(Live), Directory.Exists(incoming), keeping is not null, Directory.Exists(Old)))
        {
            switch (step)
            {
                case RecoveryStep.DeleteOld:
                    Delete(Old);
                    break;
                case RecoveryStep.RetireLive:
                    Rename(Live, Old);
                    break;
                case RecoveryStep.KeepLive:
                    Rename(Live, FreeDivergedName(Path.GetFileName(incoming)[KeepingPrefix.Length..]));
                    break;
                case RecoveryStep.PromoteIncoming:
                    Rename(incoming, Live);
                    break;
                case RecoveryStep.RestoreOld:
                    Rename(Old, Live);
                    break;
                default:
                    throw new InvalidOperationException($"There is no recovery step {step}.");
            }
        }
    }

    // The staging journal goes along into the live directory: without it, a crash before the rename would make the whole copy worthless.
    private void Tidy()
    {
        var journal = Path.Combine(Live, StagingJournal.FileName);
        if (File.Exists(journal))
        {
            Change($"delete {StagingJournal.FileName}");
            File.Delete(journal);
        }

        foreach (var data in Diverged.Skip(DivergedKept))
        {
            Delete(data.Directory);
        }
    }

    private void RemoveStrangers(string stagingDirectory, SnapshotManifest manifest)
    {
        var names = manifest.Files.Select(file => file.Name).Append(StagingJournal.FileName).Append(InstalledManifest.FileName).ToHashSet(StringComparer.Ordinal);
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

    private IEnumerable<string> Named(string prefix) => Directory.Exists(Root) ? Directory.EnumerateDirectories(Root, prefix + "*") : [];

    // A clock that was set back must not make two of one name.
    private string FreeDivergedName(string time)
    {
        var path = Path.Combine(Root, DivergedPrefix + time);
        for (var n = 2; Directory.Exists(path); n++)
        {
            path = Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"{DivergedPrefix}{time}-{n}"));
        }

        return path;
    }

    private static DateTimeOffset TimeOf(string path, string prefix)
    {
        var name = Path.GetFileName(path)[prefix.Length..];
        return DateTimeOffset.TryParseExact(name.Split('-')[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;
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

/// <summary>Data of a replica that was kept aside when its history had left the shard's. Nothing reads it but an operator.</summary>
/// <param name="Directory">Where it lies.</param>
/// <param name="At">When it was replaced; the earliest time there is when the directory's name does not tell.</param>
public sealed record DivergedData(string Directory, DateTimeOffset At)
{
    /// <summary>Bytes that it takes on the disk.</summary>
    public long Bytes() => new DirectoryInfo(Directory) is { Exists: true } directory ? directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) : 0;
}
