using System.Globalization;

namespace Sluice.Storage.Log;

/// <summary>
/// Bounds the write-ahead log that is kept for followers. RocksDB moves a log file that recovery no longer needs to the directory <c>archive</c>; the oldest there are removed
/// as long as all together take more than the limit. Readers that have a file open read it to its end; those that need a removed file are told that
/// the log is truncated.
/// </summary>
internal static class LogRetention
{
    /// <summary>Which files to remove, oldest first: the newest ones that fit into the limit stay.</summary>
    /// <param name="files">Number and bytes of each file; numbers rise with age falling.</param>
    /// <param name="limitBytes">Bytes that may stay.</param>
    public static IReadOnlyList<long> Choose(IEnumerable<(long Number, long Bytes)> files, long limitBytes)
    {
        var kept = 0L;
        var remove = new List<long>();
        foreach (var (number, bytes) in files.OrderByDescending(file => file.Number))
        {
            kept += bytes;
            if (kept > limitBytes)
            {
                remove.Add(number);
            }
        }

        remove.Reverse();
        return remove;
    }

    /// <summary>Removes what is too much from a database's directory; returns the number of files removed.</summary>
    public static int Trim(string databaseDirectory, long limitBytes)
    {
        var files = new Dictionary<long, FileInfo>();
        foreach (var file in Archived(databaseDirectory))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file.Name), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                files[number] = file;
            }
        }

        var remove = Choose(files.Select(file => (file.Key, file.Value.Length)), limitBytes);
        foreach (var number in remove)
        {
            files[number].Delete();
        }

        return remove.Count;
    }

    /// <summary>Bytes of the archived log.</summary>
    public static long ArchivedBytes(string databaseDirectory) => Archived(databaseDirectory).Sum(file => file.Length);

    private static FileInfo[] Archived(string databaseDirectory)
    {
        var archive = new DirectoryInfo(Path.Combine(databaseDirectory, "archive"));
        return archive.Exists ? archive.GetFiles("*.log") : [];
    }
}
