using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Sluice.Replication;

/// <summary>Where a file lies that need not be sent.</summary>
public enum HeldIn
{
    /// <summary>In the staging directory, of an earlier attempt.</summary>
    Staging,

    /// <summary>In the replica's live directory.</summary>
    Live,
}

/// <summary>A file of a manifest that the replica has already.</summary>
/// <param name="FileIndex">Which of the manifest's files.</param>
/// <param name="Place">Where it lies.</param>
public readonly record struct HeldFile(int FileIndex, HeldIn Place);

/// <summary>
/// Finds what a replica need not be sent: files of a new manifest that it holds from an interrupted copy, or in its own live data. A file is the same when database, name, size and checksum are; and
/// what the disk says now counts, so each is read back.
/// </summary>
public static partial class HeldFiles
{
    /// <summary>Which files may be held. Pure.</summary>
    /// <param name="wanted">The new manifest.</param>
    /// <param name="staged">What the staging directory's journal tells; null: nothing.</param>
    /// <param name="installed">What the live directory's <see cref="InstalledManifest"/> tells; null: nothing.</param>
    public static ImmutableArray<HeldFile> Select(SnapshotManifest wanted, StagedState? staged, SnapshotManifest? installed)
    {
        var whole = IsSameDatabase(wanted, staged?.Plan.Manifest) ? staged!.Whole().Select(index => staged.Plan.Manifest.Files[index]).ToHashSet() : [];

        // The database is open and writes: only what it never changes can be linked.
        var live = IsSameDatabase(wanted, installed) ? installed!.Files.Where(file => InstalledManifest.NeverChanges(file.Name)).ToHashSet() : [];
        var held = ImmutableArray.CreateBuilder<HeldFile>();
        for (var index = 0; index < wanted.Files.Length; index++)
        {
            var file = wanted.Files[index];
            if (file.Size > 0 && (whole.Contains(file) || live.Contains(file)))
            {
                held.Add(new HeldFile(index, whole.Contains(file) ? HeldIn.Staging : HeldIn.Live));
            }
        }

        return held.ToImmutable();
    }

    /// <summary>The files that have to be sent, in the manifest's order.</summary>
    public static ImmutableArray<int> Rest(SnapshotManifest wanted, ImmutableArray<HeldFile> held)
    {
        var indexes = held.Select(file => file.FileIndex).ToHashSet();
        return [.. Enumerable.Range(0, wanted.Files.Length).Where(index => !indexes.Contains(index))];
    }

    /// <summary>
    /// Finds the files that are held. Live ones are linked into a corner of the staging directory first, so that the database may delete them meanwhile; then all are read back, on a thread of their own. For
    /// <see cref="StagingWriter.CreateAsync"/>, which makes them part of the copy; if it does not come to that, nothing is lost.
    /// </summary>
    /// <param name="stagingDirectory">The staging directory; nobody writes to it meanwhile.</param>
    /// <param name="liveDirectory">The live directory, on the same file system; its database may be open.</param>
    /// <param name="wanted">The new manifest; checked, for it comes from a peer.</param>
    /// <param name="read">Told how many bytes were read back, again and again; on another thread.</param>
    /// <param name="logger">For one line about what was found.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>In the manifest's order.</returns>
    /// <exception cref="InvalidManifestException">The manifest is not safe.</exception>
    /// <exception cref="StagingJournalException">A newer program wrote the staging directory.</exception>
    public static Task<ImmutableArray<HeldFile>> FindAsync(
        string stagingDirectory, string liveDirectory, SnapshotManifest wanted, Action<long>? read, ILogger logger, CancellationToken cancellationToken) => Task.Factory.StartNew(
            () =>
            {
                _ = new TransferLayout(wanted, []);
                var (staging, installed) = (Path.GetFullPath(stagingDirectory), InstalledManifest.Read(liveDirectory));
                var candidates = Select(wanted, LoadJournal(staging), installed);
                PrepareLinks(staging);
                var held = Check(staging, liveDirectory, wanted, candidates, read, cancellationToken);

                // What is damaged in the staging directory may still be good in the live one.
                var lost = candidates.Where(file => file.Place == HeldIn.Staging).Select(file => file.FileIndex).Except(held.Select(file => file.FileIndex)).ToHashSet();
                held = [.. held, .. Check(staging, liveDirectory, wanted, [.. Select(wanted, null, installed).Where(file => lost.Contains(file.FileIndex))], read, cancellationToken)];
                LogFound(logger, held.Length, held.Sum(file => wanted.Files[file.FileIndex].Size), candidates.Length - held.Length, staging);
                return held.Sort(static (left, right) => left.FileIndex.CompareTo(right.FileIndex));
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static bool IsSameDatabase(SnapshotManifest wanted, SnapshotManifest? other) => wanted.DatabaseId.Length > 0 && other?.DatabaseId == wanted.DatabaseId;

    private static StagedState? LoadJournal(string directory)
    {
        try
        {
            return StagingJournal.Load(directory);
        }
        catch (StagingJournalException error) when (!error.IsNewer)
        {
            // Damaged: then nothing is known of the files there.
            return null;
        }
    }

    private static void PrepareLinks(string staging)
    {
        var links = Path.Combine(staging, StagingDirectory.LinksName);
        if (Directory.Exists(links))
        {
            Directory.Delete(links, recursive: true);
        }

        Directory.CreateDirectory(links);
    }

    private static ImmutableArray<HeldFile> Check(
        string staging, string live, SnapshotManifest wanted, ImmutableArray<HeldFile> candidates, Action<long>? read, CancellationToken cancellationToken)
    {
        var links = Path.Combine(staging, StagingDirectory.LinksName);
        using var readBack = new FileReadBack();
        var held = ImmutableArray.CreateBuilder<HeldFile>();
        foreach (var candidate in candidates)
        {
            var file = wanted.Files[candidate.FileIndex];
            var path = Path.Combine(candidate.Place == HeldIn.Live ? links : staging, file.Name);
            if ((candidate.Place == HeldIn.Staging || DiskFiles.TryLink(Path.Combine(live, file.Name), path))
                && readBack.Matches(path, file.Size, file.Crc32C, whole: true, read, cancellationToken))
            {
                held.Add(candidate);
            }
        }

        return held.ToImmutable();
    }

    [LoggerMessage(2050, LogLevel.Information, "{Files} files of {Bytes} bytes need not be sent, {Damaged} more are gone or are not what they were, in {Directory}")]
    private static partial void LogFound(ILogger logger, int files, long bytes, int damaged, string directory);
}
