using System.Collections.Immutable;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>What lies in a staging directory beside what is being written: making it ready for a copy, and reading back what an interrupted one left. Blocks on the disk.</summary>
internal static class StagingDirectory
{
    /// <summary>Where links to the replica's own live files wait until the journal tells of them.</summary>
    public const string LinksName = "sluice-held";

    /// <summary>Makes the directory hold what a new copy begins with: its journal and the files that it holds already, and nothing else.</summary>
    /// <exception cref="StagingSpaceException">There is less room than the copy needs.</exception>
    public static StagingJournal Begin(string directory, StagedState state)
    {
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            DurableFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        }

        // What is not wanted makes room for what is. Until the new journal is there, the old one tells of files that have gone: they would be found missing and sent again.
        var held = state.Held.Select(index => state.Plan.Manifest.Files[index].Name).ToHashSet(StringComparer.Ordinal);
        RemoveOthers(directory, held);
        CheckRoom(directory, state);
        var journal = CreateJournal(directory, state);
        MoveLinks(directory, held);
        DurableFile.SyncDirectory(directory);
        return journal;
    }

    /// <summary>
    /// Reads back what an interrupted copy has left, and makes the directory and its journal agree: what is not what it should be is removed and will be sent again, from that file's beginning; nothing else is.
    /// </summary>
    /// <param name="directory">The staging directory.</param>
    /// <param name="state">What its journal tells.</param>
    /// <param name="read">Told how many bytes were read back, again and again.</param>
    /// <param name="cancellationToken">Gives up; going on is possible again later.</param>
    /// <exception cref="StagingSpaceException">There is less room than the rest of the copy needs.</exception>
    public static StagingJournal GoOn(string directory, StagedState state, Action<long>? read, CancellationToken cancellationToken)
    {
        // A disk that is still full shows before all is read.
        CheckRoom(directory, state);
        CreateJournal(directory, state).Dispose();
        MoveLinks(directory, state.Held.Select(index => state.Plan.Manifest.Files[index].Name).ToHashSet(StringComparer.Ordinal));
        state = state.Without(FindDamaged(directory, state, read, cancellationToken));
        var kept = state.Whole().Select(index => state.Plan.Manifest.Files[index].Name).ToHashSet(StringComparer.Ordinal);
        if (state.Begun() is { } begun)
        {
            kept.Add(state.Plan.Manifest.Files[begun.FileIndex].Name);
        }

        // The journal first: should the node crash now, it tells of fewer files than there are, never of more.
        var journal = CreateJournal(directory, state);
        RemoveOthers(directory, kept);
        DurableFile.SyncDirectory(directory);
        return journal;
    }

    /// <summary>An error of the file system that is full becomes the one that says what to do.</summary>
    public static StagingSpaceException Full(string directory, IOException error) =>
        new($"The file system of '{directory}' is full: free some room, the copy goes on from where it stands.", error);

    private static HashSet<int> FindDamaged(string directory, StagedState state, Action<long>? read, CancellationToken cancellationToken)
    {
        using var readBack = new FileReadBack();
        var damaged = new HashSet<int>();
        foreach (var index in state.Whole())
        {
            var file = state.Plan.Manifest.Files[index];
            if (!readBack.Matches(Path.Combine(directory, file.Name), file.Size, file.Crc32C, whole: true, read, cancellationToken))
            {
                damaged.Add(index);
            }
        }

        if (state.Begun() is { } begun
            && !readBack.Matches(Path.Combine(directory, state.Plan.Manifest.Files[begun.FileIndex].Name), begun.Bytes, state.Crc, whole: false, read, cancellationToken))
        {
            damaged.Add(begun.FileIndex);
        }

        return damaged;
    }

    private static StagingJournal CreateJournal(string directory, StagedState state)
    {
        try
        {
            return StagingJournal.Create(directory, state);
        }
        catch (IOException error) when (DiskFiles.IsFull(error))
        {
            throw Full(directory, error);
        }
    }

    private static void CheckRoom(string directory, StagedState state)
    {
        // Room for the file that is begun was set aside when it was made.
        var layout = state.Layout();
        var needed = layout.TotalBytes - state.Position - (state.Begun() is { } begun ? layout.File(begun.FileIndex).Size - begun.Bytes : 0);
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < needed)
        {
            throw new StagingSpaceException($"'{directory}' has {free} bytes free, the copy needs {needed}: free {needed - free} bytes more.");
        }
    }

    private static void RemoveOthers(string directory, HashSet<string> kept)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { Name: not LinksName } other)
            {
                other.Delete(recursive: true);
            }
            else if (entry is FileInfo && entry.Name != StagingJournal.FileName && !kept.Contains(entry.Name))
            {
                entry.Delete();
            }
        }
    }

    private static void MoveLinks(string directory, HashSet<string> held)
    {
        var links = new DirectoryInfo(Path.Combine(directory, LinksName));
        if (!links.Exists)
        {
            return;
        }

        foreach (var link in links.EnumerateFiles().Where(link => held.Contains(link.Name)))
        {
            link.MoveTo(Path.Combine(directory, link.Name), overwrite: true);
        }

        links.Delete(recursive: true);
    }
}
