using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sluice.Storage.Snapshots;

/// <summary>
/// Makes files and names durable. A rename, creation or deletion survives a crash of the machine only when the directory that holds the name was synced too, which .NET has no call for.
/// </summary>
public static partial class DirectorySync
{
    private const int OpenDirectory = 0x10000;
    private const int OpenCloseOnExec = 0x80000;

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Sync(string directory)
    {
        var descriptor = Open(directory, OpenDirectory | OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw Failure("open", directory);
        }

        try
        {
            if (Fsync(descriptor) != 0)
            {
                throw Failure("sync", directory);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Makes all files of a directory and their names durable. What is durable already costs little.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void SyncWithFiles(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }

        Sync(directory);
    }

    private static IOException Failure(string verb, string directory) =>
        new($"Could not {verb} the directory {directory}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
