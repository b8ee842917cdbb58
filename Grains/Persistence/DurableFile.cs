using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Persistence;

/// <summary>Writes that survive a crash: either the old content or the new one, never a part.</summary>
public static partial class DurableFile
{
    // O_RDONLY | O_CLOEXEC: the same numbers on every Linux, unlike O_DIRECTORY's.
    private const int OpenForReading = 0x80000;

    /// <summary>Replaces a file's content: temporary file beside it, fsync, rename, fsync of the directory.</summary>
    /// <exception cref="IOException">The disk is full, or fails; the old content is untouched.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, content, 0);
            RandomAccess.FlushToDisk(handle);
        }

        File.Move(temporary, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes renames, creations and removals in a directory survive a crash. Without effect where directories cannot be synced (Windows).</summary>
    /// <exception cref="IOException">The directory cannot be opened or synced.</exception>
    public static void SyncDirectory(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // File.OpenHandle refuses directories, hence the system call.
        using var handle = new SafeFileHandle(Open(directory, OpenForReading), ownsHandle: true);
        if (handle.IsInvalid || Fsync(handle) != 0)
        {
            throw new IOException($"'{directory}' cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    /// <summary>Makes all files of a directory and their names durable. What is durable already costs little.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void SyncDirectoryWithFiles(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }

        SyncDirectory(directory);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle handle);
}
