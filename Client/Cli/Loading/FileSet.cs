using System.IO.Enumeration;
using Sluice.Cli.Rendering;

namespace Sluice.Cli.Loading;

/// <summary>One file to load.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="Key">Its path below the directory, with slashes: the key.</param>
/// <param name="Size">Bytes when it was found.</param>
internal sealed record FoundFile(string Path, string Key, long Size);

/// <summary>The files below a directory, in the order of their paths. Links to directories are not followed, so that no circle of links is walked; links to files are.</summary>
/// <param name="Directory">The directory.</param>
/// <param name="Files">The files.</param>
/// <param name="Bytes">What they have together.</param>
internal sealed record FileSet(string Directory, IReadOnlyList<FoundFile> Files, long Bytes)
{
    /// <summary>RESP's limit for a string: 512 MiB.</summary>
    public const long MaxValueBytes = 512L * 1024 * 1024;

    /// <summary>Finds the files.</summary>
    /// <exception cref="UsageException">There is no such directory.</exception>
    /// <exception cref="CommandFailedException">There is no file, or one is too large for a value.</exception>
    public static FileSet Find(string directory)
    {
        var root = Path.GetFullPath(directory);
        if (!System.IO.Directory.Exists(root))
        {
            throw new UsageException(File.Exists(root)
                ? $"'{directory}' is a file: name the directory that it is in."
                : $"There is no directory '{directory}'.");
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        var found = new FileSystemEnumerable<FoundFile>(
            root,
            (ref FileSystemEntry entry) => Describe(root, entry.ToFullPath(), entry.Length, entry.Attributes.HasFlag(FileAttributes.ReparsePoint)),
            options)
        {
            ShouldRecursePredicate = (ref FileSystemEntry entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
        };
        // A link that leads nowhere has no content to load.
        var files = found.Where(file => file.Size >= 0).OrderBy(file => file.Key, StringComparer.Ordinal).ToList();
        if (files.Count == 0)
        {
            throw new CommandFailedException($"There is no file below '{directory}': nothing to load.");
        }

        if (files.Find(file => file.Size > MaxValueBytes) is { } large)
        {
            throw new CommandFailedException(
                $"'{large.Path}' has {Quantity.Bytes(large.Size)}, and a value can have at most {Quantity.Bytes(MaxValueBytes)}: nothing was loaded. Move the file elsewhere, or split it.");
        }

        return new FileSet(root, files, files.Sum(file => file.Size));
    }

    private static FoundFile Describe(string root, string path, long length, bool isLink)
    {
        var key = Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
        if (!isLink)
        {
            return new FoundFile(path, key, length);
        }

        var target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        return new FoundFile(path, key, target is { Exists: true } ? target.Length : -1);
    }
}
