using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Persistence;

/// <summary>Writes that survive a crash: either the old content or the new one, never a part.</summary>
public static partial class DurableFile
{
    private const int DirectoryFlag = 0x10000; // O_RDONLY | O_DIRECTORY on Linux

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
        using var handle = new SafeFileHandle(Open(directory, DirectoryFlag), ownsHandle: true);
        if (handle.IsInvalid || Fsync(handle) != 0)
        {
            throw new IOException($"'{directory}' cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle handle);
}
